// One simulated world from one seed: a cluster, a link that comes and goes, a node whose hub dies and comes back over the
// same disk, and clients that read and write all the while. It stops at the first broken promise.
import { gvrKey } from '../../src/apimachinery/group-version-resource.ts';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { type OutboxEntry, targetPath } from '../../src/cache/outbox/entry.ts';
import { Client, type ClientWorld } from './client.ts';
import { SimCloud } from './cloud.ts';
import { namespaces, writeConfigMap } from './config-map-writer.ts';
import { SimDisk } from './disk.ts';
import { HubLife, type HubWorld, Life, nodeName } from './hub.ts';
import { Informer } from './informer.ts';
import { Intents } from './intents.ts';
import { Kubelet } from './kubelet.ts';
import { Misfortune } from './misfortune.ts';
import { SimNetwork } from './network.ts';
import { Random } from './random.ts';
import { Reads } from './reads.ts';
import { ReplayOrder } from './replay-order.ts';
import { type Owner, quiescence, Scheduler } from './scheduler.ts';
import { ScopeCheck } from './scopes.ts';
import { SimRecords } from './sim-records.ts';
import { Trace } from './trace.ts';
import { liveThroughYesterday } from './yesterday.ts';

export interface WorldOptions {
  readonly seed: number;
  /** What clients and misfortune do, all together. */
  readonly steps: number;
  /** Hears each line of the trace. */
  readonly onTrace?: ((line: string) => void) | undefined;
}

export interface WorldResult {
  /** What was broken; undefined when nothing was. */
  readonly fault: string | undefined;
  /** Of the whole trace: the same for the same seed and the same code. */
  readonly hash: string;
  /** The last lines of the trace. */
  readonly tail: readonly string[];
  readonly events: number;
}

const tokens = ['token-of-writer', 'token-of-other', 'token-of-reader'];
const podsOfNode = `fieldSelector=${encodeURIComponent(`spec.nodeName=${nodeName}`)}`;
/** Virtual time by which everything must have come to rest. */
const restMs = 30 * 60_000;
const forever: Owner = { isOver: false };
const bookmarksEveryMs = 20_000;

export class World {
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #trace: Trace;
  readonly #network: SimNetwork;
  readonly #disk: SimDisk;
  readonly #intents: Intents;
  readonly #reads: Reads;
  readonly #misfortune: Misfortune;
  readonly #informers: Informer[] = [];
  #scopes = new ScopeCheck(() => {});
  #stepsLeft: number;
  #busyClients = 0;
  #events = 0;
  #clusters = 0;
  /** The cluster that the hub knows; behind the real one until it notices. */
  #known: SimCloud;
  #life = new Life();
  /** Of this life. */
  #records: SimRecords | undefined;
  #hub: HubLife | undefined;
  /** Of this life of the hub. */
  #order: ReplayOrder | undefined;
  readonly #past: HubLife[] = [];

  constructor({ seed, steps, onTrace }: WorldOptions) {
    this.#stepsLeft = steps;
    const random = new Random(seed);
    this.#random = random.fork('world');
    this.#scheduler = new Scheduler(random.fork('scheduler'));
    this.#trace = new Trace(this.#scheduler, onTrace);
    this.#disk = new SimDisk(random.fork('disk'));
    const fault = (what: string): void => this.#trace.broke(what);
    this.#intents = new Intents(fault, isEdgeWinning);
    this.#known = this.#createCloud();
    this.#network = new SimNetwork(this.#known);
    const store = () => (this.#known === this.#network.cloud ? this.#known.store : undefined);
    this.#reads = new Reads({ store, isOwed: (path) => this.#hub?.cache.writes.owesObject(path) ?? false, fault });
    this.#misfortune = new Misfortune({
      random: random.fork('misfortune'),
      scheduler: this.#scheduler,
      network: this.#network,
      disk: this.#disk,
      trace: this.#trace,
      takeStep: () => this.#takeStep(),
      crash: (how) => this.#crash(how),
      swapCluster: () => this.#swapCluster(),
    });
  }

  async run(): Promise<WorldResult> {
    try {
      await this.#live();
    } catch (error) {
      if (!(error instanceof Stopped)) this.#trace.broke(`the simulation itself failed: ${(error as Error).stack}`);
    }
    this.#hub?.crash();
    const { fault, tail } = this.#trace;
    const result = { fault, hash: this.#trace.hash(), tail, events: this.#events };
    await this.#clear();
    return result;
  }

  /** Nothing of it stays in memory: Node holds combined signals for as long as somebody listens to them. */
  async #clear(): Promise<void> {
    this.#life.isOver = true;
    for (const hub of this.#past) hub.clear();
    await quiescence();
  }

  async #live(): Promise<void> {
    this.#startHub();
    while (this.#hub === undefined) await this.#step();
    const [writer, other, reader] = tokens.map((token) => this.#createClient(token.replace('token-of-', ''), token));
    const kubelet = this.#createClient('kubelet', undefined);
    await this.#done(liveThroughYesterday(this.#hub, [writer!, other!, reader!]));
    for (let event = 0; event < 20; event += 1) await this.#step();
    this.#disk.sync();

    for (const client of [writer!, other!]) this.#act(client, (random) => writeConfigMap(client, random));
    for (const namespace of namespaces) this.#inform(reader!, `/api/v1/namespaces/${namespace}/configmaps`);
    const pods = this.#inform(kubelet, '/api/v1/pods', podsOfNode);
    const agent = new Kubelet(kubelet, pods, this.#scheduler, this.#random.fork('kubelet'));
    this.#act(kubelet, () => agent.act());
    this.#misfortune.begin();
    this.#bookmarks();
    while (this.#stepsLeft > 0 || this.#busyClients > 0) await this.#step();

    this.#misfortune.heal();
    const deadline = this.#scheduler.now + restMs;
    for (let unrest = this.#unrest(); unrest !== undefined; unrest = this.#unrest()) {
      if (this.#scheduler.now > deadline)
        return this.#trace.broke(`no rest after ${restMs / 60_000} minutes: ${unrest}`);
      await this.#step();
    }
    const { cache } = this.#hub!;
    this.#intents.settle(cache.writes.outbox.entries.filter(({ state }) => state === 'parked'));
  }

  async #step(): Promise<void> {
    if (!(await this.#scheduler.step())) throw new Error('nothing is due any more');
    this.#events += 1;
    if (this.#hub !== undefined) this.#scopes.check(this.#hub.cache, this.#known.store, this.#network.cloud.store);
    if (this.#trace.fault !== undefined) throw new Stopped();
  }

  async #done(work: Promise<void>): Promise<void> {
    let isDone = false;
    const done = work.then(() => {
      isDone = true;
    });
    while (!isDone) await this.#step();
    await done;
  }

  #takeStep(): boolean {
    this.#stepsLeft -= 1;
    return this.#stepsLeft >= 0;
  }

  #startHub(): void {
    const life = new Life();
    this.#life = life;
    const records = new SimRecords(this.#disk, this.#scheduler, life, this.#random.fork(`disk ${this.#events}`));
    this.#records = records;
    this.#scopes = new ScopeCheck((what) => this.#trace.broke(what));
    this.#trace.note('the hub starts');
    HubLife.start(this.#hubWorld(records), records, life).then(
      (hub) => {
        this.#trace.note('the hub runs');
        this.#hub = hub;
        this.#past.push(hub);
        for (const entry of hub.cache.writes.outbox.entries) this.#accepted(entry);
      },
      (error: unknown) => this.#trace.broke(`the hub does not start: ${(error as Error).stack}`),
    );
  }

  #hubWorld(records: SimRecords): HubWorld {
    const note = (what: string): void => this.#trace.note(what);
    const fault = (what: string): void => this.#trace.broke(what);
    const order = new ReplayOrder({
      outbox: () => this.#hub?.cache.writes.outbox,
      now: () => this.#scheduler.now,
      isFaultless: () => {
        const { lossProbability, cloud } = this.#network;
        return lossProbability === 0 && cloud.faultProbability === 0 && !records.hasFailed;
      },
      fault,
    });
    this.#order = order;
    return {
      scheduler: this.#scheduler,
      network: this.#network,
      random: this.#random.fork(`hub ${this.#events}`),
      note,
      fault,
      onReplay: (request) => {
        this.#intents.replays(request);
        order.sees(request);
      },
      onAnotherCluster: () => {
        this.#known = this.#network.cloud;
        this.#reads.forget();
        order.forget();
      },
      writeEvents: {
        accepted: (write) => {
          note(`accepted ${write.op} ${targetPath(write.target)} of ${write.writer.userAgent}`);
          order.accepted(write);
          this.#accepted(write);
        },
        dropped: (entries) => {
          for (const entry of entries) this.#intents.passOver(entry);
        },
        unreadable: (key, error) => fault(`unreadable entry ${key}: ${error}`),
        parked: (entry) => {
          note(`parked ${entry.sequence} ${entry.op} ${targetPath(entry.target)}: ${entry.parked?.reason}`);
          this.#reads.settled(targetPath(entry.target), entry.parked?.cloud !== undefined);
        },
        untold: (_entry, error) => note(`no Event of a parked write: ${error}`),
        replayed: (entry, reason) => {
          note(`replayed ${entry.sequence} ${entry.op} ${targetPath(entry.target)}: ${reason}`);
          if (reason === 'superseded') this.#intents.passOver(entry);
          else this.#intents.hears(entry);
          this.#reads.settled(targetPath(entry.target), true);
        },
        meantForAnother: (entries) => note(`${entries.length} entries were meant for another cluster`),
        replayBegan: (pending) => {
          note(`replay of ${pending} began`);
          order.began();
        },
        replayInterrupted: (error, left) => note(`replay interrupted, ${left} left: ${error}`),
        replayEnded: (sent) => note(`replay ended, ${sent} sent`),
      },
    };
  }

  #accepted({ writer, target }: Pick<OutboxEntry, 'writer' | 'target'>): void {
    this.#intents.accept(writer.userAgent, this.#known.store.cluster);
    this.#scopes.written(gvrKey(target.gvr), `${target.namespace}/${target.name}`);
  }

  #crash(how: 'killed' | 'power cut'): void {
    if (this.#life.isOver) return;
    this.#trace.note(`the hub is ${how === 'killed' ? 'killed' : 'without power'}`);
    this.#life.isOver = true;
    this.#hub?.crash();
    this.#hub = undefined;
    this.#disk.crash(how);
    this.#reads.crashed(how, this.#records?.hasFailed ?? false);
    // What runs on the same machine begins from nothing, too.
    if (how === 'power cut') for (const informer of this.#informers) informer.restart();
    this.#scheduler.after(this.#random.between(10, 3000), forever, () => this.#startHub());
  }

  #createCloud(): SimCloud {
    this.#clusters += 1;
    const cluster = `cluster-${this.#clusters}`;
    const firstVersion = this.#random.pick([1000, 1000, 50]) * this.#clusters;
    const cloud = new SimCloud(cluster, firstVersion, this.#scheduler, this.#random.fork(cluster));
    for (const namespace of namespaces) cloud.store.namespaces.add(namespace);
    for (const token of tokens) cloud.tokens.add(token);
    cloud.put('nodes', '', nodeName, { spec: {}, status: {} });
    for (const namespace of namespaces) cloud.put('configmaps', namespace, 'a', { data: { k1: 'o0' } });
    const { onApplied } = cloud.store;
    cloud.store.onApplied = (applied) => {
      this.#trace.note(`cloud ${applied.type} ${applied.path}@${applied.version} by ${applied.agent}`);
      this.#intents.seeApplied(applied);
      onApplied(applied);
    };
    return cloud;
  }

  /** The same address, another cluster behind it: after an outage, as when a backup is put in its place. */
  #swapCluster(): void {
    if (this.#network.mode === 'up') return;
    this.#network.cloud = this.#createCloud();
    this.#trace.note(`${this.#network.cloud.store.cluster} takes the place of the cluster`);
  }

  #createClient(name: string, token: string | undefined): Client {
    const world: ClientWorld = {
      scheduler: this.#scheduler,
      intents: this.#intents,
      reads: this.#reads,
      ask: (request) => this.#hub?.request(request),
      answered: (path, object) => this.#order?.answered(path, object),
      note: (what) => this.#trace.note(what),
      fault: (what) => this.#trace.broke(what),
    };
    return new Client(name, token, world);
  }

  #act(client: Client, act: (random: Random) => Promise<void>): void {
    const random = this.#random.fork(client.name);
    const live = async (): Promise<void> => {
      do await this.#scheduler.delay(random.between(20, 1500), forever).then(() => act(random));
      while (this.#takeStep());
      this.#busyClients -= 1;
    };
    this.#busyClients += 1;
    live().catch((error: unknown) => this.#trace.broke(`client ${client.name}: ${(error as Error).stack}`));
  }

  #inform(client: Client, path: string, selector = ''): Informer {
    const informer = new Informer({
      client,
      path,
      selector,
      scheduler: this.#scheduler,
      random: this.#random.fork(`informer of ${path}`),
      life: () => this.#life,
      mayBeGone: (object, place) => this.#mayBeGone(object, place),
      shown: (object) => this.#intents.shown(object),
      note: (what: string) => this.#trace.note(what),
      fault: (what: string) => this.#trace.broke(what),
    });
    this.#informers.push(informer);
    informer.run().catch((error: unknown) => this.#trace.broke(`informer: ${(error as Error).stack}`));
    return informer;
  }

  #mayBeGone(object: JsonObject, path: string): boolean {
    const { uid } = object.metadata as { uid: string };
    // Under a uid that was given here it goes only for as long as the cloud has not heard of it, or has refused it.
    const isHeard = uid.startsWith('local-') && this.#hub?.cache.writes.owesObject(path) === false;
    const isOfAnother = !uid.startsWith('local-') && !uid.startsWith(`${this.#network.cloud.store.cluster}-`);
    return isHeard || isOfAnother || this.#intents.mayBeGone(object, path);
  }

  #bookmarks(): void {
    this.#scheduler.after(bookmarksEveryMs, forever, () => {
      this.#network.cloud.bookmarkAll();
      this.#bookmarks();
    });
  }

  /** What has not come to its end yet. */
  #unrest(): string | undefined {
    const hub = this.#hub;
    if (hub === undefined) return 'no hub runs';
    const { writes, scopes } = hub.cache;
    if (writes.outbox.pending.length > 0) return `${writes.outbox.pending.length} writes are owed`;
    for (const followed of scopes.all) {
      const { scope, isFollowing, mustRelist, lastError } = followed;
      if (!isFollowing || mustRelist) return `${scope.id} is not followed: ${lastError}`;
    }
    const { store } = this.#network.cloud;
    const differences = this.#informers.map((informer) => informer.difference(store));
    return [ScopeCheck.difference(hub.cache, store), ...differences].find((one) => one !== '');
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** By the policy of its namespace; of what kubelet writes the edge is always right. */
function isEdgeWinning(path: string): boolean {
  return !/\/(park|cloud-wins)\//.test(path);
}
