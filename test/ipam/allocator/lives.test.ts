// Random lives of a node. The numbers of runs are for every day; IPAM_LIVES=100 multiplies them.
import test from 'ava';
import fc from 'fast-check';
import { type Event, events, eventsWithAccidents, eventsWithHostLocal } from '../../support/ipam-events.ts';
import { IpamModel } from '../../support/ipam-model.ts';

const times = Number(process.env.IPAM_LIVES ?? 1);

test('no address has two owners, a pod gets back what nobody took, a DEL frees its own, and nothing leaks', (t) => {
  const seen = { sticky: 0, stolen: 0, full: 0, swept: 0 };
  fc.assert(
    fc.property(events, (life: readonly Event[]) => {
      const model = new IpamModel();
      for (const event of life) model.live(event);
      for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += model.seen[key];
    }),
    { numRuns: 300 * times, includeErrorInReport: true },
  );
  t.log(seen);
  for (const count of Object.values(seen)) t.true(count > 20, JSON.stringify(seen));
});

test('with plain host-local at work in between no address has two owners either', (t) => {
  const life = fc.property(eventsWithHostLocal, (happening: readonly Event[]) => {
    const model = new IpamModel();
    for (const event of happening) model.live(event);
  });
  t.notThrows(() => fc.assert(life, { numRuns: 200 * times, includeErrorInReport: true }));
});

test('whenever the process is killed or the power is lost, what was promised holds afterwards', (t) => {
  let accidents = 0;
  fc.assert(
    fc.property(eventsWithAccidents, (life) => {
      const model = new IpamModel();
      for (const [event, accident] of life) model.live(event, accident);
      accidents += model.seen.accidents;
    }),
    { numRuns: 300 * times, includeErrorInReport: true },
  );
  t.log({ accidents });
  t.true(accidents > 500);
});
