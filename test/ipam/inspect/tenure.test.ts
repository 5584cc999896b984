import test from 'ava';
import type { AuditEntry } from '../../../src/ipam/directory/audit-log.ts';
import { tenures, within } from '../../../src/ipam/inspect/tenure.ts';

const entry = (hour: number, verb: string, changes: Partial<AuditEntry> = {}): AuditEntry => ({
  time: new Date(Date.UTC(2026, 10, 17, hour)).toISOString(),
  bootId: 'b',
  verb,
  address: '10.244.3.7',
  key: 'shop/web-1 eth0',
  from: '',
  to: '',
  reason: '',
  ...changes,
});
const at = (hour: number): number => Date.UTC(2026, 10, 17, hour);
const log = [
  entry(8, 'add', { to: 'c1', reason: 'fresh' }),
  entry(9, 'verdict', { from: 'active', to: 'active' }),
  entry(10, 'del', { from: 'c1', reason: 'unconfirmed' }),
  entry(12, 'add', { key: 'shop/web-2 eth0', from: 'shop/web-1 eth0', to: 'c2', reason: 'stolen' }),
  entry(14, 'del', { key: 'shop/web-2 eth0', from: 'c2', reason: 'freed' }),
];
const who = (hour: number, entries = log) =>
  within(tenures(entries), at(hour), at(hour)).map(({ key, how, containerId }) => [key, how, containerId]);

test('the log tells who had an address at any time', (t) => {
  t.deepEqual(who(7), []);
  t.deepEqual(who(8), [['shop/web-1 eth0', 'held', 'c1']]);
  t.deepEqual(who(9.5), [['shop/web-1 eth0', 'held', 'c1']]);
  t.deepEqual(who(11), [['shop/web-1 eth0', 'kept', '']]);
  t.deepEqual(who(13), [['shop/web-2 eth0', 'held', 'c2']]);
  t.deepEqual(who(15), []);
});

test('a whole day shows all that had it', (t) => {
  t.deepEqual(
    within(tenures(log), at(0), at(24)).map(({ key, how }) => `${how} ${key}`),
    ['held shop/web-1 eth0', 'kept shop/web-1 eth0', 'held shop/web-2 eth0'],
  );
});

test('a DEL whose ADD the log has forgotten still tells who had the address, back to where the log begins', (t) => {
  const rest = [entry(8, 'add', { address: '10.244.3.9', key: 'shop/db-0 eth0', to: 'c3' }), ...log.slice(2)];
  t.deepEqual(who(9, rest), [
    ['shop/web-1 eth0', 'held', 'c1'],
    ['shop/db-0 eth0', 'held', 'c3'],
  ]);
  t.deepEqual(who(7, rest), []);
  t.is(tenures(rest).find(({ containerId }) => containerId === 'c1')?.from, undefined);
});

test('who had an address while the clock was set back is left out of no time that may have been', (t) => {
  const setBack = [entry(14, 'add', { to: 'c1' }), entry(9, 'release', { from: 'c1' })];
  t.deepEqual(who(8, setBack), [['shop/web-1 eth0', 'held', 'c1']]);
  t.deepEqual(who(14, setBack), [['shop/web-1 eth0', 'held', 'c1']]);
  t.deepEqual(who(11, setBack), [], 'by whichever clock, it was not then');
});

test('a sweep, a release and an end of the time end it; addresses are told apart', (t) => {
  const swept = [entry(8, 'add', { to: 'c1' }), entry(9, 'sweep', { from: 'c1' }), entry(10, 'release')];
  t.deepEqual(who(9, swept), [['shop/web-1 eth0', 'kept', '']]);
  t.deepEqual(who(10, swept), []);
  const two = [entry(8, 'add', { to: 'c1' }), entry(9, 'release', { address: '10.244.3.8' })];
  t.deepEqual(who(10, two), [['shop/web-1 eth0', 'held', 'c1']]);
});
