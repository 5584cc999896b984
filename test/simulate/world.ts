// One simulated world from one seed: a cluster, a link that comes and goes, a node whose hub dies and comes back over the
// same disk, and clients that read and write all the while. It stops at the first broken promise.
import { createHash, type Hash } from 'node:crypto';
import { gvrKey } from '../../src/apimachinery/group-version-resource.ts';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { targetPath } from '../../src/cache/outbox/entry.ts';
import type { ClientRequest, SimResponse } from './answer.ts';
import { Client, type ClientWorld } from './client.ts';
import { SimCloud } from './cloud.ts';
import { configMaps, names, namespaces, writeConfigMap } from './config-map-writer.ts';
import { SimDisk } from './disk.ts';
import { HubLife, type HubWorld, Life, nodeName } from './hub.ts';
import { Informer } from './informer.ts';
import { Intents } from './intents.ts';
import { SimNetwork } from './network.ts';
import { Random } from './random.ts';
import { Reads } from './reads.ts';
import { type Owner, Scheduler } from './scheduler.ts';
import { ScopeCheck } from './scopes.ts';
import { SimRecords } from './sim-records.ts';
import { liveThroughYesterday } from './yesterday.ts';

export interface WorldOptions {
  readonly seed: number;
  /** What clients and misfortune do, all together. */
  readonly steps: number;
  /** Hears each line of the trace. */
  readonly onTrace?: ((line: string) => void) | undefined;
}

export interface WorldResult {
  readonly seed: number;
  /** What was broken; undefined when nothing was. */
  readonly fault: string | undefined;
  /** Of the whole trace: the same for the same seed and the same code. */
  readonly hash: string;
  /** The last lines of the trace. */
  readonly tail: readonly string[];
  readonly events: number;
}

const tokens = ['token-of-writer', 'token-of-other', 'token-of-reader'];
const tailLines = 60;
/** Virtual time by which everything must have come to rest. */
const restMs = 30 * 60_000;
const forever: Owner = { isOver: false };

export class World {
  readonly #seed: number;
  readonly #random: Random;
  readonly #scheduler: Scheduler;
  readonly #network: SimNetwork;
  readonly #disk: SimDisk;
  readonly #intents: Intents;
  readonly #reads: Reads;
  #scopes = new ScopeCheck(() => {});
  readonly #informers: Informer[] = [];
  readonly #hash: Hash = createHash('sha256');
  readonly #tail: string[] = [];
  readonly #onTrace: ((line: string) => void) | undefined;
  #stepsLeft: number;
  #busyClients = 0;
  #fault: string | undefined;
  #events = 0;
  #life = new Life();
  #hub: HubLife | undefined;

  constructor({ seed, steps, onTrace }: WorldOptions) {
    this.#seed = seed;
    this.#onTrace = onTrace;
    this.#stepsLeft = steps;
    const random = new Random(seed);
    this.#random = random.fork('world');
    this.#scheduler = new Scheduler(random.fork('scheduler'));
    this.#disk = new SimDisk(random.fork('disk'));
    const cloud = this.#createCloud('one', 1000);
    this.#network = new SimNetwork(cloud);
    this.#intents = new Intents(
      (what) => this.#broke(what),
      (path) => path.includes('/edge-wins/'),
    );
    this.#reads = this.#createReads();
  }

  #createReads(): Reads {
    return new Reads({
      store: () => this.#network.cloud.store,
      isOwed: (path) => this.#hub?.cache.writes.owesObject(path) ?? false,
      fault: (what) => this.#broke(what),
    });
  }

  async run(): Promise<WorldResult> {
    try {
      await this.#live();
    } catch (error) {
      this.#broke(`the simulation itself failed: ${(error as Error).stack}`);
    }
    const { isOver: _ } = this.#life;
    this.#hub?.crash();
    return {
      seed: this.#seed,
      fault: this.#fault,
      hash: this.#hash.digest('hex').slice(0, 16),
      tail: this.#tail,
      events: this.#events,
    };
  }

  async #live(): Promise<void> {
    this.#startHub();
    while (this.#hub === undefined) await this.#step();
    const clients = tokens.map((token) => this.#createClient(token.replace('token-of-', ''), token));
    let isToday = false;
    liveThroughYesterday(this.#hub, clients).then(
      () => {
        isToday = true;
      },
      (error: unknown) => this.#broke(`yesterday: ${(error as Error).stack}`),
    );
    while (!isToday) await this.#step();
    for (let event = 0; event < 20; event += 1) await this.#step();
    this.#disk.sync();
    for (const client of clients.slice(0, 2)) this.#act(client);
    for (const namespace of namespaces) this.#inform(clients[2]!, namespace);
    this.#misfortune();
    this.#bookmarks();
    while (this.#stepsLeft > 0 || this.#busyClients > 0) await this.#step();
    this.#heal();
    const deadline = this.#scheduler.now + restMs;
    while (!this.#isAtRest()) {
      if (this.#scheduler.now > deadline)
        return this.#broke(`no rest after ${restMs / 60_000} minutes: ${this.#unrest()}`);
      await this.#step();
    }
    this.#intents.settle(this.#hub!.cache.writes.outbox.entries.filter(({ state }) => state === 'parked'));
  }

  async #step(): Promise<void> {
    if (!(await this.#scheduler.step())) throw new Error('nothing is due any more');
    this.#events += 1;
    if (this.#hub !== undefined) this.#scopes.check(this.#hub.cache, this.#network.cloud.store);
    if (this.#fault !== undefined) throw new Stopped();
  }

  #startHub(): void {
    const life = new Life();
    this.#life = life;
    const records = new SimRecords(this.#disk, this.#scheduler, life, this.#random.fork(`disk ${this.#events}`));
    const world: HubWorld = {
      scheduler: this.#scheduler,
      network: this.#network,
      random: this.#random.fork(`hub ${this.#events}`),
      note: (what) => this.#note(what),
      fault: (what) => this.#broke(what),
      onAnotherCluster: () => {},
      writeEvents: {
        accepted: ({ target, op, writer }) => {
          this.#note(`accepted ${op} ${targetPath(target)} of ${writer.userAgent}`);
          this.#intents.accept(writer.userAgent);
          this.#scopes.written(gvrKey(target.gvr), `${target.namespace}/${target.name}`);
        },
        dropped: (entries) => {
          for (const entry of entries) this.#intents.passOver(entry);
        },
        unreadable: (key, error) => this.#broke(`unreadable entry ${key}: ${error}`),
        parked: (entry) => {
          this.#note(`parked ${entry.sequence} ${entry.op} ${targetPath(entry.target)}: ${entry.parked?.reason}`);
          this.#intents.park(entry);
          this.#reads.settled(targetPath(entry.target));
        },
        untold: (_entry, error) => this.#note(`no Event of a parked write: ${error}`),
        replayed: (entry, reason) => {
          this.#note(`replayed ${entry.sequence} ${entry.op} ${targetPath(entry.target)}: ${reason}`);
          if (reason === 'superseded') this.#intents.passOver(entry);
          this.#reads.settled(targetPath(entry.target));
        },
        meantForAnother: (entries) => this.#note(`${entries.length} entries were meant for another cluster`),
        replayBegan: (pending) => this.#note(`replay of ${pending} began`),
        replayInterrupted: (error, left) => this.#note(`replay interrupted, ${left} left: ${error}`),
        replayEnded: (sent) => this.#note(`replay ended, ${sent} sent`),
      },
    };
    this.#note('the hub starts');
    this.#scopes = new ScopeCheck((what) => this.#broke(what));
    HubLife.start(world, records, life).then(
      (hub) => {
        this.#note('the hub runs');
        this.#hub = hub;
        for (const { writer, target } of hub.cache.writes.outbox.entries) {
          this.#intents.accept(writer.userAgent);
          this.#scopes.written(gvrKey(target.gvr), `${target.namespace}/${target.name}`);
        }
      },
      (error: unknown) => this.#broke(`the hub does not start: ${(error as Error).stack}`),
    );
  }

  #crash(how: 'killed' | 'power cut'): void {
    this.#note(`the hub is ${how === 'killed' ? 'killed' : 'without power'}`);
    this.#life.isOver = true;
    this.#hub?.crash();
    this.#hub = undefined;
    this.#disk.crash(how);
    this.#reads.crashed();
    if (how === 'power cut') for (const informer of this.#informers) informer.powerCut();
    this.#scheduler.after(this.#random.between(10, 3000), forever, () => this.#startHub());
  }

  #createCloud(cluster: string, firstVersion: number): SimCloud {
    const cloud = new SimCloud(cluster, firstVersion, this.#scheduler, this.#random.fork(`cloud ${cluster}`));
    for (const namespace of namespaces) cloud.store.namespaces.add(namespace);
    for (const token of tokens) cloud.tokens.add(token);
    for (const namespace of namespaces) cloud.put('configmaps', namespace, 'a', { data: { k1: 'o1' } });
    cloud.put('nodes', '', nodeName, { spec: {}, status: {} });
    const { onApplied } = cloud.store;
    cloud.store.onApplied = (applied) => {
      this.#note(`cloud ${applied.type} ${applied.path}@${applied.version} by ${applied.agent}`);
      this.#intents.seeApplied(applied);
      onApplied(applied);
    };
    return cloud;
  }

  #createClient(name: string, token: string): Client {
    const world: ClientWorld = {
      scheduler: this.#scheduler,
      intents: this.#intents,
      reads: this.#reads,
      ask: (request) => this.#ask(request),
      note: (what) => this.#note(what),
      fault: (what) => this.#broke(what),
    };
    return new Client(name, token, world);
  }

  #act(client: Client): void {
    const random = this.#random.fork(client.name);
    const act = async (): Promise<void> => {
      while (this.#stepsLeft > 0) {
        await this.#scheduler.delay(random.between(20, 1500), forever);
        this.#stepsLeft -= 1;
        await writeConfigMap(client, random);
      }
      this.#busyClients -= 1;
    };
    this.#busyClients += 1;
    act().catch((error: unknown) => this.#broke(`client ${client.name}: ${(error as Error).stack}`));
  }

  #mayBeGone(object: JsonObject, path: string): boolean {
    const { uid } = object.metadata as { uid: string };
    // Under a uid that was given here it goes only for as long as the cloud has not heard of it, or has refused it.
    const isHeard = uid.startsWith('local-') && this.#hub?.cache.writes.owesObject(path) === false;
    return isHeard || this.#intents.mayBeGone(object, path);
  }

  #inform(client: Client, namespace: string): void {
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const world = {
      scheduler: this.#scheduler,
      isRunning: () => true,
      mayBeGone: (object: JsonObject) => this.#mayBeGone(object, `${path}/${(object.metadata as JsonObject).name}`),
      note: (what: string) => this.#note(what),
      fault: (what: string) => this.#broke(what),
    };
    const informer = new Informer(client, path, world, this.#random.fork(`informer of ${namespace}`));
    this.#informers.push(informer);
    informer.run().catch((error: unknown) => this.#broke(`informer: ${(error as Error).stack}`));
  }

  #ask(request: ClientRequest): SimResponse | undefined {
    return this.#hub?.request(request);
  }

  /** What goes wrong, and what others do meanwhile. */
  #misfortune(): void {
    const { chance } = { chance: (probability: number) => this.#random.chance(probability) };
    this.#scheduler.after(this.#random.between(500, 8000), forever, () => {
      if (this.#stepsLeft <= 0) return;
      this.#stepsLeft -= 1;
      const network = this.#network;
      switch (this.#random.weighted({ link: 6, crash: 2, losses: 1, disk: 1, others: 6, compact: 1 })) {
        case 'link':
          network.set(network.mode === 'up' ? this.#random.pick(['refusing', 'black hole']) : 'up');
          this.#note(`the network is ${network.mode}`);
          break;
        case 'crash':
          if (this.#life.isOver) break;
          this.#crash(chance(0.5) ? 'killed' : 'power cut');
          break;
        case 'losses':
          network.lossProbability = chance(0.5) ? 0 : 0.1;
          network.slowProbability = chance(0.5) ? 0 : 0.05;
          network.cloud.faultProbability = chance(0.5) ? 0 : 0.1;
          break;
        case 'disk':
          if (chance(0.5)) this.#disk.isFull = !this.#disk.isFull;
          else this.#disk.faultProbability = chance(0.5) ? 0 : 0.05;
          this.#note(`the disk is ${this.#disk.isFull ? 'full' : 'free'}, faults ${this.#disk.faultProbability}`);
          break;
        case 'others':
          this.#others();
          break;
        case 'compact':
          network.cloud.store.compact();
      }
      this.#misfortune();
    });
  }

  #others(): void {
    const { cloud } = this.#network;
    const namespace = this.#random.pick(namespaces);
    const name = this.#random.pick(names);
    const place = { gvr: configMaps, namespace, name };
    if (this.#random.chance(0.3)) {
      cloud.store.remove(place, 'admin/0', this.#scheduler.now);
      return;
    }
    const known = cloud.store.at(`/api/v1/namespaces/${namespace}/configmaps/${name}`, cloud.store.version);
    const key = this.#random.pick(['k1', 'k2', 'k3']);
    const data = { ...(known?.value.data as object | undefined), [key]: `o${this.#events}` };
    cloud.put('configmaps', namespace, name, { data }, 'admin/0');
  }

  #bookmarks(): void {
    this.#scheduler.after(20_000, forever, () => {
      this.#network.cloud.bookmarkAll();
      this.#bookmarks();
    });
  }

  #heal(): void {
    this.#note('everything heals');
    this.#network.lossProbability = 0;
    this.#network.slowProbability = 0;
    this.#network.cloud.faultProbability = 0;
    this.#disk.isFull = false;
    this.#disk.faultProbability = 0;
    this.#network.set('up');
  }

  #isAtRest(): boolean {
    return this.#unrest() === undefined;
  }

  #unrest(): string | undefined {
    const hub = this.#hub;
    if (hub === undefined) return 'no hub runs';
    const { writes, scopes } = hub.cache;
    if (writes.outbox.pending.length > 0) return `${writes.outbox.pending.length} writes are owed`;
    for (const followed of scopes.all) {
      if (!followed.isFollowing || followed.mustRelist)
        return `${followed.scope.id} is not followed: ${followed.lastError}`;
    }
    return undefined;
  }

  #broke(what: string): void {
    if (what.includes('Stopped') && this.#fault !== undefined) return;
    this.#note(`BROKEN ${what}`);
    this.#fault ??= what;
  }

  #note(what: string): void {
    const line = `${this.#scheduler.now.toFixed(3)} ${what}`;
    this.#hash.update(line);
    this.#onTrace?.(line);
    this.#tail.push(line);
    if (this.#tail.length > tailLines) this.#tail.shift();
  }
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}
