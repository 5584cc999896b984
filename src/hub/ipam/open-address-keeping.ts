// The keeping of addresses, put together for the daemon: when it is done, and who hears of it. It is off while the directory
// has no records of the plugin, and begins by itself when it has.
import { existsSync } from 'node:fs';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { Cache } from '../../cache/cache.ts';
import { diskAccess } from '../../ipam/directory/disk-access.ts';
import { retainRoot } from '../../ipam/directory/layout.ts';
import { machineFacts } from '../../ipam/directory/machine-facts.ts';
import { openRetention, type Retention } from '../../ipam/directory/retention.ts';
import type { AddressStatus, LinkState } from '../admin/hub-status.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { HubConfig } from '../options.ts';
import { type AddressCause, addressCauseOf } from './address-cause.ts';
import { AddressKeeping } from './address-keeping.ts';
import { createAuditCounter } from './audit-counter.ts';
import { CriError } from './cri/cri-error.ts';
import { listPodSandboxes } from './cri/pod-sandboxes.ts';
import { PodKnowledge } from './pod-knowledge.ts';
import type { AddressChange } from './pod-moves.ts';

export interface AddressKeepingParts {
  readonly cache: Cache;
  readonly link: { readonly state: LinkState };
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly metrics: () => Pick<Metrics, 'increment'>;
  readonly log: Logger;
}

export interface OpenAddressKeeping {
  /** Before the first pod comes back for its address. Resolves after two seconds at the latest. */
  seed(): Promise<void>;
  /** Something about the pods or the link has changed. */
  changed(): void;
  /** To be called every minute or so. */
  tidy(): Promise<void>;
  causeOf(change: AddressChange): AddressCause;
  /** Null while no address is kept here. */
  readonly status: AddressStatus | null;
  close(): void;
}

/** kubelet waits for its pods meanwhile. */
const seedLimitMs = 2000;
/** A pod that starts is written about several times a second. */
const judgeAfterMs = 5000;
const criTimeoutMs = 5000;
/** The plugin keeps the lock for some milliseconds. All of the hub stands still for so long at most. */
const lockTimeoutMs = 500;

export function openAddressKeeping(
  { ipamDataDir, criSocket, nodeName }: Pick<HubConfig, 'ipamDataDir' | 'criSocket' | 'nodeName'>,
  { cache, link, clock, wallClock, metrics, log }: AddressKeepingParts,
): OpenAddressKeeping {
  const ending = new AbortController();
  const facts = () => machineFacts({ nowMs: wallClock });
  const access = diskAccess(facts, (line) => log.warn({ event: 'addresses.said' }, line));
  const retention = openRetention(access, { dataDir: ipamDataDir, lockTimeoutMs });
  const pods = new PodKnowledge({ cache, nodeName, isOnline: () => link.state === 'online', now: () => clock.now() });
  const keeping = new AddressKeeping({
    retention,
    pods,
    facts,
    sandboxes: (signal) => listPodSandboxes({ socket: criSocket, clock, timeoutMs: criTimeoutMs }, signal),
    now: () => clock.now(),
    events: {
      judged: (network, { address, namespace, name, state }, { says, evidence }) => {
        const pod = `${namespace}/${name}`;
        log.info(
          { event: 'address.judged', network, address, pod, state, says, evidence },
          'an address is judged anew',
        );
        metrics().increment('addressVerdicts', { says });
      },
      adopted: (network, address, pod) =>
        log.info(
          { event: 'address.adopted', network, address, pod },
          'an address without a record is kept for its pod',
        ),
      reclaimed: (network, { address, containerId }) => {
        log.warn(
          { event: 'address.reclaimed', network, address, containerId },
          'an address that no sandbox has is free again',
        );
        metrics().increment('addressLeaks', {});
      },
      expired: (network, addresses) =>
        log.info({ event: 'address.expired', network, addresses }, 'nobody came back for these addresses'),
    },
  });
  const isKept = (): boolean => existsSync(retainRoot(ipamDataDir));
  const problems = new Map<'records' | 'sandboxes', string>();
  const count = createAuditCounter(retention, metrics);
  let timer: Timer | undefined;
  let turn: Promise<void> = Promise.resolve();

  /** One after the other; what goes wrong is told when it begins, and when it has ended. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    turn = turn.then(async () => {
      if (!isKept() || ending.signal.aborted) return;
      try {
        await work();
        settle(undefined);
      } catch (error) {
        if (!ending.signal.aborted) settle(error);
      }
    });
    return turn;
  };
  const settle = (error: unknown): void => {
    const kind = error instanceof CriError ? 'sandboxes' : 'records';
    const said = error instanceof Error ? error.message : String(error);
    if (error === undefined) {
      if (problems.size > 0) log.info({ event: 'addresses.well' }, 'addresses are kept as they should be again');
      problems.clear();
    } else if (problems.get(kind) !== said) {
      problems.set(kind, said);
      log.warn({ event: 'addresses.unkept', error }, 'addresses could not be looked after; nothing was changed');
    }
  };
  return {
    async seed() {
      const { promise: isLate, resolve } = Promise.withResolvers<'late'>();
      const limit = clock.setTimeout(() => resolve('late'), seedLimitMs);
      const seeded = inTurn(async () => {
        count();
        await keeping.seed();
      });
      if ((await Promise.race([seeded, isLate])) === 'late')
        log.warn({ event: 'addresses.late' }, 'pods may start before all of their addresses are known to be theirs');
      limit.cancel();
    },
    changed() {
      pods.look();
      timer ??= clock.setTimeout(() => {
        timer = undefined;
        void inTurn(() => keeping.judge());
      }, judgeAfterMs);
    },
    tidy: () =>
      inTurn(async () => {
        count();
        await keeping.judge();
        await keeping.reclaim(ending.signal);
      }),
    causeOf: (change) => (isKept() ? causeIn(retention, change) : 'not-kept'),
    get status() {
      if (!isKept()) return null;
      return { directory: ipamDataDir, ...keeping.counts, problem: [...problems.values()].join('; ') || null };
    },
    close() {
      ending.abort(new Error('the hub is closing'));
      timer?.cancel();
    },
  };
}

function causeIn(retention: Retention, change: AddressChange): AddressCause {
  try {
    return addressCauseOf(
      change,
      retention.networks().flatMap((network) => retention.audit(network)),
    );
  } catch {
    return 'unexplained'; // what is wrong with the directory is told by whoever keeps it
  }
}
