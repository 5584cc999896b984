// kill -9 of the real daemon, again and again, under a stream of writes, while the link comes and goes: before, during and
// after writes are brought to the cloud. Every few rounds all is healed, and what the clients were told is held against
// what the apiserver has and against its audit log.
//
//   clients → hub (killed) → relay (the link) → kube-apiserver
import { setTimeout as delay } from 'node:timers/promises';
import { type Random, seededRandom } from '../differential/random.ts';
import { eventually } from '../eventually.ts';
import { type Lab, nodeName, podOf, startLab } from '../lab.ts';
import type { RelayMode } from '../relay.ts';
import { AuditedWrites, writesPolicy } from './audited-writes.ts';
import { Ledger } from './ledger.ts';
import { configMap, event, fieldsOf, type Subject, statusOf } from './subjects.ts';
import { Writer } from './writers.ts';

export interface CrashRunOptions {
  readonly rounds: number;
  readonly seed: number;
  /** All is healed and checked after so many rounds. */
  readonly checkEvery: number;
  readonly hubProgram?: readonly [string, ...string[]];
  readonly say: (line: string) => void;
  /** Told of each object with a problem: all that is known about it. */
  readonly explain: (story: string) => void;
}

export interface CrashRunResult {
  readonly kills: number;
  readonly killsBy: Readonly<Record<string, number>>;
  readonly writes: number;
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** 2xx of the apiserver to writes, and those of them that changed something. */
  readonly requestsUpstream: number;
  readonly changesUpstream: number;
  /** Put aside for a conflict with a write whose outcome nobody was told. */
  readonly parked: number;
  readonly problems: readonly string[];
}

const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
const cuts: readonly RelayMode[] = ['reset', 'reset', 'refuse', 'swallow', 'halfOpen'];

export async function crashRun(options: CrashRunOptions): Promise<CrashRunResult> {
  const lab = await startLab({
    controlPlane: { auditPolicy: writesPolicy },
    withoutProxy: true,
    ...(options.hubProgram && { hubProgram: options.hubProgram }),
    hubArguments: [
      ...['--replay-jitter', '100ms', '--replay-rate', '400', '--log-level', 'debug'],
      ...['--offline-writes', 'configmaps;labels=policy=park;conflict=park'],
      ...['--offline-writes', 'configmaps;conflict=edge-wins'],
    ],
  });
  try {
    return await new CrashRun(lab, options).run();
  } finally {
    await lab.stop();
  }
}

class CrashRun {
  readonly #lab: Lab;
  readonly #o: CrashRunOptions;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  readonly #audit: AuditedWrites;
  readonly #subjects = new Map<string, Subject>();
  readonly #writers: Writer[] = [];
  readonly #killsBy: Record<string, number> = {};
  readonly #problems: string[] = [];
  /** Of the lives that have ended. */
  readonly #logs: string[] = [];
  #checkedTo = 0;
  #explained = 0;
  #parked = 0;
  #seenParked = new Set<string>();

  constructor(lab: Lab, options: CrashRunOptions) {
    this.#lab = lab;
    this.#o = options;
    this.#random = seededRandom(options.seed);
    this.#audit = new AuditedWrites(lab.plane.auditLogFile);
  }

  async run(): Promise<CrashRunResult> {
    const { rounds, checkEvery, say } = this.#o;
    await this.#prepare();
    for (let round = 1; round <= rounds; round++) {
      const began = performance.now();
      const kind = this.#random.pick(roundKinds);
      await this[kind]();
      say(`round ${round} ${kind}: ${Math.round(performance.now() - began)} ms`);
      if (round % checkEvery === 0 || round === rounds) await this.#check(round);
    }
    await this.#stopWriters();
    return {
      kills: Object.values(this.#killsBy).reduce((sum, count) => sum + count, 0),
      killsBy: this.#killsBy,
      writes: this.#ledger.count(),
      acknowledged: this.#ledger.count('acknowledged'),
      refused: this.#ledger.count('refused'),
      unknown: this.#ledger.count('unknown'),
      requestsUpstream: this.#audit.requests,
      changesUpstream: this.#audit.changes,
      parked: this.#parked,
      problems: this.#problems,
    };
  }

  async #prepare(): Promise<void> {
    const { plane, hub } = this.#lab;
    const token = await this.#lab.account('default', 'writer', everything);
    const pods = ['web-0', 'web-1', 'web-2'];
    const uids = await Promise.all(
      pods.map(async (name) => {
        const made = await plane.admin.expect('POST', '/api/v1/namespaces/default/pods', podOf(name, nodeName));
        return made.metadata.uid as string;
      }),
    );
    const headers = { authorization: `Bearer ${token}` };
    await hub.loopback.expect('GET', '/api/v1/namespaces/default/configmaps', undefined, { headers });
    await hub.loopback.expect('GET', `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`);
    await hub.loopback.expect('GET', `/api/v1/nodes?fieldSelector=metadata.name%3D${nodeName}`);
    await this.#lab.followed('v1/configmaps');
    await this.#lab.followed('v1/pods');
    const maps = (count: number, policy: 'edge-wins' | 'park', of: number): Subject[] =>
      Array.from({ length: count }, (_, index) => configMap(`${policy}-${of}-${index}`, policy));
    for (let of = 0; of < 3; of++) this.#addWriter(maps(6, 'edge-wins', of), token);
    this.#addWriter(maps(6, 'park', 0), token);
    this.#addWriter([statusOf(`/api/v1/nodes/${nodeName}`)]);
    this.#addWriter(pods.map((name, index) => statusOf(`/api/v1/namespaces/default/pods/${name}`, uids[index])));
    let events = 0;
    let current = event('event-0', nodeName);
    this.#addWriter([], undefined, () => {
      if (this.#random.chance(0.25)) {
        events += 1;
        current = event(`event-${events}`, nodeName);
      }
      this.#subjects.set(current.path, current);
      return current;
    });
    // What was seen allowed online is allowed offline.
    for (const writer of this.#writers) writer.start();
    await eventually('every client has written each kind', () => this.#ledger.count('acknowledged') > 300, {
      timeoutMs: 60_000,
    });
  }

  #addWriter(subjects: readonly Subject[], token?: string, nextSubject?: () => Subject): void {
    for (const subject of subjects) this.#subjects.set(subject.path, subject);
    const isNode = token === undefined;
    this.#writers.push(
      new Writer({
        ledger: this.#ledger,
        random: this.#random,
        url: this.#lab.hub.loopbackUrl,
        userAgent: isNode ? 'kubelet/v1.35.4 (linux/amd64) kubernetes/abc' : 'edge-app/1.0',
        subjects,
        pauseMs: nextSubject === undefined ? 10 : 120,
        ...(token && { token }),
        ...(nextSubject && { nextSubject }),
      }),
    );
  }

  async #kill(when: string): Promise<void> {
    this.#killsBy[when] = (this.#killsBy[when] ?? 0) + 1;
    const { log } = this.#lab.hub;
    await this.#lab.restartHub();
    this.#logs.push(...log, `--- killed ${when}`);
  }

  /** The link is down before and after. */
  async offline(): Promise<void> {
    await this.#lab.set(this.#random.pick(cuts));
    await delay(50 + this.#random.integer(500));
    await this.#kill('offline');
    await delay(this.#random.integer(300));
  }

  /** In the midst of bringing writes to the cloud, and once more while that is taken up again. */
  async replaying(): Promise<void> {
    await this.#lab.set(this.#random.pick(cuts));
    await delay(this.#random.integer(400));
    await this.#kill('offline');
    await delay(200 + this.#random.integer(300));
    await this.#kill('offline');
    await this.#lab.set('pass');
    for (let times = 0; times < 2; times++) {
      await this.#logged('replay.began', 4000);
      await delay(this.#random.integer(120));
      await this.#kill('during replay');
    }
  }

  async replayed(): Promise<void> {
    await this.#lab.set(this.#random.pick(cuts));
    await delay(200 + this.#random.integer(300));
    await this.#kill('offline');
    await delay(200);
    await this.#lab.set('pass');
    await this.#logged('replay.ended', 4000);
    await delay(this.#random.integer(60));
    await this.#kill('after replay');
  }

  /** The cloud answers; at times the link goes with the hub. */
  async online(): Promise<void> {
    await this.#lab.set('pass');
    await delay(100 + this.#random.integer(500));
    if (this.#random.chance(0.5)) await this.#lab.set(this.#random.pick(cuts));
    await this.#kill('online');
    await delay(this.#random.integer(300));
  }

  async flapping(): Promise<void> {
    for (let times = 0; times < 4; times++) {
      await this.#lab.set(this.#random.pick(cuts));
      await delay(20 + this.#random.integer(200));
      await this.#lab.set('pass');
      await delay(20 + this.#random.integer(700));
    }
    await this.#kill('flapping');
  }

  async #logged(event: string, timeoutMs: number): Promise<void> {
    const { hub } = this.#lab;
    await hub.waitForLog(event, (line) => line.includes(`"event":"${event}"`), timeoutMs).catch(() => undefined); // nothing was owed
  }

  async #stopWriters(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }

  async #check(round: number): Promise<void> {
    await this.#stopWriters();
    await this.#lab.heal();
    let open: readonly string[] = [];
    const settled = eventually(
      'the cloud has everything',
      async () => {
        await this.#excuseParked();
        open = await this.#openProblems();
        return open.length === 0;
      },
      { timeoutMs: 30_000, everyMs: 250 },
    );
    await settled.catch(() => this.#problems.push(...open.map((problem) => `LOST round ${round}: ${problem}`)));
    await this.#audit.read();
    for (const path of this.#ledger.paths) {
      for (const problem of this.#audit.problems(path, this.#ledger)) {
        const known = this.#problems.some((one) => one.endsWith(problem));
        if (!known) this.#problems.push(`AUDIT round ${round}: ${problem}`);
      }
    }
    for (const writer of this.#writers) {
      for (const { text } of writer.staleReads.splice(0)) this.#problems.push(`STALE round ${round}: ${text}`);
    }
    this.#explain();
    this.#checkedTo = this.#ledger.nextNumber;
    this.#ledger.settleAll(await this.#found());
    this.#o.say(
      `checked after round ${round}: ${this.#ledger.count('acknowledged')} acknowledged, ${this.#ledger.count('unknown')} unknown, ${this.#audit.requests} requests upstream, ${this.#problems.length} problems`,
    );
    for (const writer of this.#writers) writer.start();
  }

  /** The story of each object that something is wrong with: what clients were told, what hubs said, what the cloud did. */
  #explain(): void {
    const paths = this.#ledger.paths.filter((path) =>
      this.#problems.slice(this.#explained).some((one) => one.includes(path)),
    );
    this.#explained = this.#problems.length;
    for (const path of paths) {
      this.#o.explain(
        [
          `=== ${path}`,
          ...this.#ledger.writesOf(path).map((write) => JSON.stringify(write)),
          ...this.#audit.history(path),
          ...[...this.#logs, ...this.#lab.hub.log].filter(
            (line) => line.startsWith('---') || line.includes(`${path}"`) || /replay|connectivity/.test(line),
          ),
        ].join('\n'),
      );
    }
    this.#logs.length = 0;
  }

  async #openProblems(): Promise<readonly string[]> {
    const found = await this.#found();
    return this.#ledger.paths.flatMap((path) => this.#ledger.problems(path, found.get(path)));
  }

  /** What the cloud has, by path. */
  async #found(): Promise<ReadonlyMap<string, ReturnType<typeof fieldsOf>>> {
    const { admin } = this.#lab.plane;
    const found = new Map<string, ReturnType<typeof fieldsOf>>();
    for (const collection of ['configmaps', 'pods', 'events']) {
      const path = `/api/v1/namespaces/default/${collection}`;
      for (const item of (await admin.expect('GET', path)).items)
        found.set(`${path}/${item.metadata.name}`, fieldsOf(item));
    }
    const node = `/api/v1/nodes/${nodeName}`;
    found.set(node, fieldsOf(await admin.expect('GET', node)));
    return found;
  }

  /** A write that was put aside counts as lost, unless it met one of which nobody can tell whether it was done. */
  async #excuseParked(): Promise<void> {
    for (const line of this.#lab.hub.log.filter((one) => one.includes('"event":"outbox.parked"'))) {
      if (this.#seenParked.has(line)) continue;
      this.#seenParked.add(line);
      const { object, because } = JSON.parse(line) as { object: string; because: string };
      const isExcused =
        this.#subjects.get(object)?.mayPark === true && this.#ledger.hasUnknown(object, this.#checkedTo);
      this.#parked += 1;
      if (isExcused) this.#ledger.doubt(object, this.#checkedTo);
      else this.#problems.push(`PARKED: ${object}: ${because}`);
    }
  }
}

type RoundKind = 'offline' | 'replaying' | 'replayed' | 'online' | 'flapping';
const roundKinds: readonly RoundKind[] = [
  'offline',
  'offline',
  'replaying',
  'replaying',
  'replaying',
  'replayed',
  'online',
  'online',
  'flapping',
];
