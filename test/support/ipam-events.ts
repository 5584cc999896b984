// What may happen to a node, at random: the events that ./ipam-model.ts lives through.
import fc from 'fast-check';
import type { RangeSet } from '../../src/ipam/range.ts';
import { range } from './ipam-node.ts';

/** `at` picks among what there is at that moment. */
export type Event =
  | { readonly do: 'add'; readonly pod: number; readonly ifname: string; readonly uid: number }
  | { readonly do: 'add-anonymous' | 'expire' | 'gc' | 'reboot' | 'host-local-add'; readonly pod: number }
  | { readonly do: 'del' | 'die' | 'reclaim' | 'host-local-del'; readonly at: number }
  | { readonly do: 'release'; readonly at: number }
  | { readonly do: 'pin'; readonly at: number }
  | {
      readonly do: 'verdict';
      readonly at: number;
      readonly says: 'pinned' | 'released';
      readonly keep: 'ttl' | 'cooldown';
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'ranges'; readonly at: number };

export type Said = Extract<Event, { do: 'verdict' | 'release' | 'pin' }>;

/** What happens to the process, and to the machine, in the middle of it. */
export interface Accident {
  readonly kind: 'none' | 'kill' | 'power';
  /** After so many operations on the disk. */
  readonly after: number;
  /** Decides which changes that nobody synced are lost. */
  readonly seed: number;
}

/** Configurations that the network may be given, one after the other. */
export const layouts: readonly (readonly RangeSet[])[] = [
  [[range('10.0.0.0/29')]],
  [[range('10.0.0.0/29')], [range('fd00::/125')]],
  [[range('10.0.0.0/30'), range('10.0.0.8/30')]],
  [[range('10.0.0.0/28', { start: '10.0.0.4', end: '10.0.0.9' })]],
];

const nat = fc.nat({ max: 20 });
const pod = fc.nat({ max: 5 });

const weighted: fc.WeightedArbitrary<Event>[] = [
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      pod,
      ifname: fc.constantFrom('eth0', 'eth0', 'eth0', 'net1'),
      uid: fc.nat({ max: 1 }),
    }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('del' as const), at: nat }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('die' as const), at: nat }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'add-anonymous' as const,
        'expire' as const,
        'gc' as const,
        'reboot' as const,
        'reboot' as const,
      ),
      pod,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.oneof(
      fc.record({ do: fc.constant('release' as const), at: nat }),
      fc.record({ do: fc.constant('pin' as const), at: nat }),
      fc.record({ do: fc.constant('reclaim' as const), at: nat }),
    ),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('verdict' as const),
      at: nat,
      says: fc.constantFrom('pinned' as const, 'released' as const),
      keep: fc.constantFrom('ttl' as const, 'cooldown' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1000, 40_000, 700_000, 9e8) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ranges' as const), at: fc.nat({ max: 3 }) }) },
];

export const events = fc.array(fc.oneof(...weighted), { minLength: 4, maxLength: 30, size: 'max' });

const withHostLocal = fc.oneof(
  ...weighted,
  { weight: 6, arbitrary: fc.record({ do: fc.constant('host-local-add' as const), pod }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('host-local-del' as const), at: nat }) },
);

export const eventsWithHostLocal = fc.array(withHostLocal, { minLength: 4, maxLength: 30, size: 'max' });

const accident = fc.record<Accident>({
  kind: fc.constantFrom('none', 'none', 'kill', 'power'),
  after: fc.nat({ max: 24 }),
  seed: fc.nat(),
});

export const eventsWithAccidents = fc.array(fc.tuple(fc.oneof(...weighted), accident), {
  minLength: 4,
  maxLength: 24,
  size: 'max',
});
