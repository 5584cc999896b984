import test from 'ava';
import { type AddressCause, addressCauseOf } from '../../../src/hub/ipam/address-cause.ts';
import { countAudit } from '../../../src/hub/ipam/audit-counts.ts';
import type { AuditEntry } from '../../../src/ipam/directory/audit-log.ts';

const added = (time: string, reason: string, address = '10.244.3.9', verb = 'add'): AuditEntry => ({
  time,
  bootId: 'b',
  verb,
  address,
  key: 'shop/web-0 eth0',
  from: '',
  to: 'c1',
  reason,
});

test('each address that was given out is counted once, and none from before', (t) => {
  const log = [added('1', 'fresh')];
  const first = countAudit(log, undefined);
  t.deepEqual(first.given, { sticky: 0, fresh: 0, requested: 0, stolen: 0 });
  log.push(
    added('1', 'sticky'),
    added('2', 'fresh; conflict=live-predecessor'),
    added('2', 'stolen', '10.244.3.9', 'del'),
  );
  const second = countAudit(log, first.counted);
  t.deepEqual(second.given, { sticky: 1, fresh: 1, requested: 0, stolen: 0 });
  t.is(second.conflicts, 1);
  const third = countAudit(log.slice(1), second.counted);
  t.deepEqual(third.given, { sticky: 0, fresh: 0, requested: 0, stolen: 0 });
});

test('addresses that are given out after the clock was set back are counted, and so are those that follow a rotation', (t) => {
  const log = [added('2027', 'fresh')];
  const first = countAudit(log, countAudit([], undefined).counted);
  t.is(first.given.fresh, 1);
  log.push(added('2026', 'fresh'), added('2026', 'sticky'));
  const second = countAudit(log, first.counted);
  t.deepEqual(second.given, { sticky: 1, fresh: 1, requested: 0, stolen: 0 });
  const third = countAudit([added('2026', 'stolen')], second.counted);
  t.deepEqual(third.given, { sticky: 0, fresh: 0, requested: 0, stolen: 1 });
  t.is(countAudit([], third.counted).counted, third.counted);
});

test('why an address has changed is said by the plugin that gave out the new one', (t) => {
  const change = { key: 'shop/web-0', uid: 'u', from: ['10.244.3.7'], to: ['10.244.3.9'] };
  const causes = {
    'fresh; its address 10.244.3.7 is not in the range any more': 'out-of-range',
    'fresh; its address 10.244.3.7 is held by another container': 'given-away',
    'stolen; conflict=live-predecessor': 'still-held',
    requested: 'requested',
    fresh: 'no-record',
    sticky: 'unexplained',
  };
  for (const [reason, cause] of Object.entries(causes) as [string, AddressCause][])
    t.is(addressCauseOf(change, [added('1', 'sticky'), added('2', reason), added('3', 'fresh', '10.244.3.1')]), cause);
  t.is(addressCauseOf(change, []), 'unexplained');
});
