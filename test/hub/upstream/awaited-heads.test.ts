import test from 'ava';
import fc from 'fast-check';
import { type AwaitedHead, AwaitedHeads, Place } from '../../../src/hub/upstream/awaited-heads.ts';
import type { ExchangeEndReason } from '../../../src/hub/upstream/errors.ts';
import { type Server, Servers } from '../../../src/hub/upstream/servers.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const [server, other] = new Servers(['https://a', 'https://b']).all as [Server, Server];

function setUp() {
  const clock = new ManualClock();
  const silent: [string, number][] = [];
  const heads = new AwaitedHeads({
    clock,
    thresholdMs: 1500,
    onSilent: ({ name }, waitedMs) => silent.push([name, waitedMs]),
  });
  const ended: [string, ExchangeEndReason][] = [];
  const head = (name: string, more: Partial<AwaitedHead> = {}): AwaitedHead => {
    const made: AwaitedHead = {
      server,
      isServersTurn: true,
      headLimitMs: Number.POSITIVE_INFINITY,
      place: new Place(),
      ...more,
      end(reason) {
        heads.delete(made);
        ended.push([name, reason]);
      },
    };
    heads.add(made, clock.now());
    return made;
  };
  return { clock, heads, silent, ended, head };
}

test('who waits is reported at the threshold, and again each time that long', (t) => {
  const { clock, silent, head } = setUp();
  head('x');
  clock.advance(1499);
  t.deepEqual(silent, []);
  clock.advance(1);
  t.deepEqual(silent, [['a:443', 1500]]);
  clock.advance(3000);
  t.deepEqual(
    silent.map(([, waited]) => waited),
    [1500, 3000, 4500],
  );
});

test('who got its head is not reported, and no timer is left when nobody waits', (t) => {
  const { clock, heads, silent, head } = setUp();
  heads.delete(head('x'));
  heads.delete(head('y'));
  clock.advance(10_000);
  t.deepEqual(silent, []);
  t.is(clock.pendingTimers, 0);
  t.is(heads.size, 0);
});

test('each is reported in its own time, with one timer for all', (t) => {
  const { clock, silent, head } = setUp();
  head('x');
  clock.advance(500);
  head('y', { server: other });
  t.is(clock.pendingTimers, 1);
  clock.advance(1000);
  t.deepEqual(silent, [['a:443', 1500]]);
  clock.advance(500);
  t.deepEqual(silent, [
    ['a:443', 1500],
    ['b:443', 1500],
  ]);
});

test('the server has as long again after each part of the request that went out', (t) => {
  const { clock, heads, silent, head } = setUp();
  const upload = head('x');
  clock.advance(1000);
  heads.touch(upload, clock.now());
  clock.advance(1499);
  t.deepEqual(silent, []);
  clock.advance(1);
  t.is(silent.length, 1);
});

test('a client that owes a part of its request accuses nobody', (t) => {
  const { clock, silent, head } = setUp();
  head('x', { isServersTurn: false });
  clock.advance(60_000);
  t.deepEqual(silent, []);
});

test('who waits past its limit is ended as silent', (t) => {
  const { clock, ended, head } = setUp();
  head('x', { headLimitMs: 4000 });
  clock.advance(4499);
  t.deepEqual(ended, []);
  clock.advance(1);
  t.deepEqual(ended, [['x', 'silent']]);
});

test('giving up one server ends those who wait for it and no others', (t) => {
  const { heads, ended, head } = setUp();
  head('x');
  head('y', { server: other });
  head('z');
  heads.endAll(server, 'declared-offline');
  t.deepEqual(ended, [
    ['x', 'declared-offline'],
    ['z', 'declared-offline'],
  ]);
  t.is(heads.size, 1);
});

test('a report that ends others does not report them afterwards', (t) => {
  const clock = new ManualClock();
  const silent: string[] = [];
  const heads: AwaitedHeads = new AwaitedHeads({
    clock,
    thresholdMs: 1500,
    onSilent: ({ name }) => {
      silent.push(name);
      heads.endAll(server, 'declared-offline');
    },
  });
  for (let i = 0; i < 3; i += 1) {
    const made: AwaitedHead = {
      server,
      isServersTurn: true,
      headLimitMs: 9e9,
      place: new Place(),
      end: () => heads.delete(made),
    };
    heads.add(made, clock.now());
  }
  clock.advance(1500);
  t.deepEqual(silent, ['a:443']);
  t.is(heads.size, 0);
});

test('in any order of coming, going and touching, exactly those that wait are ended', (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('add', 'delete', 'touch', 'wait'), fc.nat({ max: 5 }))), (steps) => {
      const { clock, heads, ended, head } = setUp();
      const waiting = new Map<string, AwaitedHead>();
      let count = 0;
      for (const [what, n] of steps) {
        const [name, chosen] = [...waiting][n] ?? [];
        if (what === 'add') {
          count += 1;
          waiting.set(`h${count}`, head(`h${count}`));
        } else if (what === 'wait') clock.advance(n * 400);
        else if (chosen !== undefined && what === 'touch') heads.touch(chosen, clock.now());
        else if (chosen !== undefined) {
          heads.delete(chosen);
          heads.delete(chosen);
          heads.touch(chosen, clock.now());
          waiting.delete(name!);
        }
        t.is(heads.size, waiting.size);
      }
      heads.endAll(server, 'closing');
      t.deepEqual(ended.map(([name]) => name).toSorted(), [...waiting.keys()].toSorted());
    }),
  );
});
