// A whole cache over a disk and a cloud in memory.

import { Cache } from '../../src/cache/cache.ts';
import type { CacheEvents } from '../../src/cache/cache-events.ts';
import type { CacheOptions } from '../../src/cache/cache-options.ts';
import { nodeCredential } from '../../src/cache/credential.ts';
import type { FollowedScope } from '../../src/cache/followed-scope.ts';
import { nodeIdentity } from '../../src/cache/lenders.ts';
import type { Transport } from '../../src/cache/transport.ts';
import { writePolicy } from '../../src/cache/writes/policy.ts';
import type { Records } from '../../storage/records.ts';
import { ManualLink, ManualTiming } from './manual-timing.ts';
import { MemoryRecords } from './memory-records.ts';
import { ModelCloud } from './model-cloud.ts';
import { podScope } from './sample-objects.ts';
import { settled } from './scripted-transport.ts';

export const day = 24 * 3_600_000;

export interface CacheParts {
  readonly cloud: Transport;
  readonly records: Records;
  readonly timing: ManualTiming;
  readonly link?: ManualLink;
  /** Gets one line for each event. */
  readonly log?: string[];
}

export function openCache({ cloud, records, timing, link = new ManualLink(), log = [] }: CacheParts): Promise<Cache> {
  return Cache.open({
    records,
    transport: cloud,
    link,
    timing,
    initialSync: 'list',
    gatherMs: 0,
    lingerMs: 3_600_000,
    rightLifetimeMs: 30 * day,
    rightCheckMs: 600_000,
    events: eventsOf(log),
    writes: writesOf(log),
  });
}

/** ConfigMaps may be written offline; nothing is ever brought to the cloud. */
function writesOf(log: string[]): CacheOptions['writes'] {
  let uids = 0;
  return {
    cloud: { send: () => Promise.reject(new Error('this cloud takes no writes')) },
    policy: writePolicy([{ group: '', resource: 'configmaps', conflict: 'cloud-wins' }], 'node-1'),
    nodeName: 'node-1',
    userAgent: 'holdfast/test',
    mightKeep: () => true,
    limits: { entries: 1000, bytes: 10_000_000, events: 100 },
    perSecond: Number.POSITIVE_INFINITY,
    jitterMs: 0,
    newUid: () => `uid-${++uids}`,
    nameSuffix: () => 'bcdfg',
    events: {
      accepted: ({ target }) => log.push(`accepted ${target.name}`),
      dropped: (entries) => log.push(`dropped ${entries.length}`),
      unreadable: (key) => log.push(`unreadable ${key}`),
      parked: ({ sequence }) => log.push(`parked ${sequence}`),
      untold: ({ sequence }) => log.push(`untold ${sequence}`),
      replayed: ({ sequence }) => log.push(`replayed ${sequence}`),
      replayBegan: () => {},
      replayInterrupted: () => {},
      replayEnded: () => {},
      meantForAnother: (entries) => log.push(`meant for another ${entries.length}`),
    },
  };
}

function eventsOf(log: string[]): CacheEvents {
  return {
    scopeOpened: ({ scope }) => log.push(`opened ${scope.id}`),
    scopeClosed: ({ scope }, reason) => log.push(`closed ${scope.id}: ${reason}`),
    scopeFailed: () => {},
    scopeDamaged: (scope, reason) => log.push(`damaged ${scope}: ${reason}`),
    rightEnded: (identity, { id }) => log.push(`right ended ${identity} ${id}`),
    storageBehind: (id) => log.push(`behind ${id}`),
    anotherCluster: (error) => log.push(error.name),
    clusterUnknown: () => log.push('blind'),
    crashed: (error) => log.push(`crashed ${error}`),
  };
}

export class CacheStage {
  readonly timing: ManualTiming;
  readonly link = new ManualLink();
  readonly records: MemoryRecords;
  /** One line for each event. */
  readonly log: string[] = [];
  cloud: ModelCloud;
  cache!: Cache;
  /** By how much the node's clock differs from the cloud's. */
  clockError = 0;

  private constructor(cloud: ModelCloud, records: MemoryRecords, timing: ManualTiming) {
    this.cloud = cloud;
    this.records = records;
    this.timing = timing;
  }

  static async open({
    cloud = new ModelCloud(),
    records = new MemoryRecords(),
    timing = new ManualTiming(),
    clockError = 0,
  }: {
    cloud?: ModelCloud;
    records?: MemoryRecords;
    timing?: ManualTiming;
    clockError?: number;
  } = {}): Promise<CacheStage> {
    const stage = new CacheStage(cloud, records, timing);
    stage.clockError = clockError;
    const { link, log } = stage;
    stage.cache = await openCache({
      cloud: {
        async get(request) {
          const { headers, ...answer } = await stage.cloud.get(request);
          return { ...answer, headers: { ...headers, date: stage.date() } };
        },
      },
      records,
      timing,
      link,
      log,
    });
    return stage;
  }

  /** The cloud has these, with the label `app=x`, and all Pods are followed as the node. */
  static async withPods(...names: string[]): Promise<CacheStage> {
    const stage = await CacheStage.open();
    for (const name of names) stage.cloud.put(name, { app: 'x' });
    stage.cache.open(podScope(), nodeIdentity, nodeCredential);
    await stage.rest();
    return stage;
  }

  /** What the cloud says in `Date`. */
  date(): string {
    return new Date(this.timing.wallClock() - this.clockError).toUTCString();
  }

  /** Sets the node's clock wrong by so much, or right again with 0. */
  setClockError(ms: number): void {
    this.timing.wallClockOffset += ms - this.clockError;
    this.clockError = ms;
  }

  /** The process dies; what was on its way to disk is lost. The next life begins over the same disk. */
  async crash(options: { readonly cloud?: ModelCloud } = {}): Promise<CacheStage> {
    await this.cache.halt();
    const { cloud = this.cloud } = options;
    const { timing, clockError } = this;
    return CacheStage.open({ cloud, records: this.records.afterCrash(), timing, clockError });
  }

  /** As `crash`, and of the disk nothing is left but what was synced. */
  async powerCut(): Promise<CacheStage> {
    const records = this.records.afterPowerCut();
    await this.cache.halt();
    const { cloud, timing, clockError } = this;
    return CacheStage.open({ cloud, records, timing, clockError });
  }

  /** Everything runs until it waits for the cloud; who sleeps is woken. */
  async rest(): Promise<void> {
    await settled();
    for (let round = 0; round < 50 && this.timing.sleepers > 0; round += 1) {
      await this.timing.wake();
      await settled();
    }
  }

  /** `default/a@5` of each object, as a list would show it. */
  static told(followed: FollowedScope | undefined): readonly string[] | undefined {
    return followed?.snapshot.sorted().map(({ key, resourceVersion }) => `${key}@${resourceVersion}`);
  }
}
