// Owed writes being brought to a cloud in memory, on a clock in the hands of the test.
import type { Cloud, CloudAnswer, CloudRequest } from '../../src/cache/outbox/cloud.ts';
import type { AcceptedWrite, OutboxEntry } from '../../src/cache/outbox/entry.ts';
import { NodeLease } from '../../src/cache/outbox/node-lease.ts';
import { Outbox } from '../../src/cache/outbox/outbox.ts';
import { replayGate } from '../../src/cache/outbox/replay-gate.ts';
import { Replayer, type ReplayerOptions } from '../../src/cache/outbox/replayer.ts';
import { SeenTokens } from '../../src/cache/outbox/seen-tokens.ts';
import { ManualLink } from './manual-timing.ts';
import { MemoryRecords } from './memory-records.ts';
import { ObjectCloud } from './owed-writes-stage.ts';
import { settled } from './scripted-transport.ts';
import { VirtualTiming } from './virtual-timing.ts';

/** What a request looks like on the wire, in one line: `PUT configmaps/web as node`. */
export function lineOf({ method, path, credential }: CloudRequest): string {
  const short = path.replace(/\?.*/, '').replace(/^.*?\/(?=(configmaps|pods|nodes|events|leases|csinodes)(\/|$))/, '');
  return `${method} ${short} as ${credential.kind === 'node' ? 'node' : credential.token}`;
}

type StageOptions = Partial<Omit<ReplayerOptions, 'cloud' | 'outbox'>>;

export class ReplayStage {
  readonly timing = new VirtualTiming();
  readonly link = new ManualLink();
  readonly lease = new NodeLease();
  readonly tokens = new SeenTokens();
  readonly cloud: ObjectCloud;
  readonly records: MemoryRecords;
  readonly outbox: Outbox;
  readonly replayer: Replayer;
  /** One line for each event. */
  readonly log: string[] = [];
  /** One line for each request, with the time that has passed since the stage was opened. */
  readonly sent: string[] = [];
  readonly parked: OutboxEntry[] = [];
  /** What the next looks at the cluster reject with. */
  clusterError: Error | undefined;
  looks = 0;
  doubts = 0;
  /** Asked before the cloud is; may reject, answer in its place, or wait. */
  meddle: (request: CloudRequest) => Promise<CloudAnswer | undefined> = async () => undefined;
  readonly #ended = new AbortController();

  private constructor(outbox: Outbox, records: MemoryRecords, cloud: ObjectCloud, options: StageOptions) {
    this.outbox = outbox;
    this.records = records;
    this.cloud = cloud;
    const startedAt = this.timing.now();
    const seen: Cloud = {
      send: async (request) => {
        this.sent.push(`${this.timing.now() - startedAt} ${lineOf(request)}`);
        return (await this.meddle(request)) ?? (await cloud.send(request));
      },
    };
    this.replayer = new Replayer({
      outbox,
      lease: this.lease,
      cloud: seen,
      link: this.link,
      cluster: {
        verify: async () => {
          this.looks += 1;
          if (this.clusterError !== undefined) throw this.clusterError;
        },
        doubt: () => {
          this.doubts += 1;
        },
      },
      timing: this.timing,
      newestToken: (identity) => this.tokens.newest(identity),
      hear: async () => {},
      perSecond: Number.POSITIVE_INFINITY,
      jitterMs: 0,
      events: {
        asking: () => () => {},
        done: async ({ sequence }, { reason }) => {
          this.log.push(`${reason} ${sequence}`);
        },
        parked: async (entry) => {
          this.parked.push(entry);
          this.log.push(`parked ${entry.sequence}`);
        },
        leaseEnded: async (_target, object) => {
          this.log.push(`lease ${object === undefined ? 'refused' : 'renewed'}`);
        },
        began: (pending) => this.log.push(`began ${pending}`),
        interrupted: (error) => this.log.push(`interrupted: ${(error as Error).message}`),
        ended: (sent) => this.log.push(`ended ${sent}`),
      },
      ...options,
    });
  }

  /** Cut off from the cloud, and running. */
  static async open({
    records = new MemoryRecords(),
    cloud = new ObjectCloud(),
    writes = [],
    ...options
  }: StageOptions & {
    readonly records?: MemoryRecords;
    readonly cloud?: ObjectCloud;
    readonly writes?: readonly AcceptedWrite[];
  } = {}): Promise<ReplayStage> {
    const outbox = await Outbox.open({
      records,
      limits: { entries: 10_000, bytes: 100_000_000, events: 5000 },
      onDropped: () => {},
      onUnreadable: () => {},
    });
    for (const write of writes) await outbox.add(write);
    const stage = new ReplayStage(outbox, records, cloud, options);
    stage.link.set(false);
    stage.replayer.run(stage.#ended.signal).catch((error: unknown) => stage.log.push(`crashed: ${error}`));
    await settled();
    return stage;
  }

  /** A write is taken in now. */
  async write(...writes: readonly AcceptedWrite[]): Promise<void> {
    for (const write of writes) await this.outbox.add(write);
    this.replayer.poke();
    await settled();
  }

  /** The link is back, and all that can happen at once has happened. */
  async heal(): Promise<void> {
    this.link.set(true);
    await this.timing.pass(0);
  }

  /** The process dies, and the next life begins, cut off, over the same disk. */
  async crash(options: StageOptions = {}): Promise<ReplayStage> {
    this.stop();
    return ReplayStage.open({ records: this.records.afterCrash(), cloud: this.cloud, ...options });
  }

  /** Whether who reads the cloud anew would do so now. */
  get isGateOpen(): boolean {
    return replayGate(this.link, this.replayer).isOnline;
  }

  /** Requests without the times. */
  get requests(): readonly string[] {
    return this.sent.map((line) => line.replace(/^\d+ /, ''));
  }

  stop(): void {
    this.#ended.abort(new Error('the stage is closed'));
  }
}

export function answer(statusCode: number, body: object = {}, headers: CloudAnswer['headers'] = {}): CloudAnswer {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** No whole answer came. */
export function connectionLost(): Error {
  return new Error('the connection was lost');
}
