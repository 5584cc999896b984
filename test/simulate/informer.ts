// A client as client-go's informers are: it lists, watches from the version of the list, applies every event, resumes by
// version when a stream ends, and lists again when it is told 410.
//
// Promises checked here: along a watch versions only rise; what is told as new, changed or gone is so for who applies it;
// nothing vanishes that was not deleted; and who applies every event has what a list of that version has.
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { compareResourceVersion } from '../../src/apimachinery/resource-version.ts';
import type { SeenFrame, SimResponse } from './answer.ts';
import type { Client } from './client.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export interface InformerWorld {
  readonly scheduler: Scheduler;
  readonly isRunning: () => boolean;
  /** Whether somebody, somewhere, has deleted it, or may have. */
  readonly mayBeGone: (object: JsonObject) => boolean;
  note(what: string): void;
  fault(what: string): void;
}

const forever: Owner = { isOver: false };

export class Informer {
  readonly path: string;
  readonly store = new Map<string, JsonObject>();
  readonly #client: Client;
  readonly #world: InformerWorld;
  readonly #random: Random;
  /** '' before the first list and after a 410. */
  #version = '';
  #response: SimResponse | undefined;
  lists = 0;

  constructor(client: Client, path: string, world: InformerWorld, random: Random) {
    this.#client = client;
    this.path = path;
    this.#world = world;
    this.#random = random;
  }

  get version(): string {
    return this.#version;
  }

  get isWatching(): boolean {
    return this.#response !== undefined;
  }

  /** It runs on the same machine: a power cut ends it too, and it begins from nothing. */
  powerCut(): void {
    this.#version = '';
    this.store.clear();
  }

  async run(): Promise<void> {
    const { scheduler } = this.#world;
    while (this.#world.isRunning()) {
      const isDone = this.#version === '' ? await this.#list() : await this.#watch();
      if (!isDone) await scheduler.delay(this.#random.between(100, 2000), forever);
    }
  }

  async #list(): Promise<boolean> {
    const { statusCode, json } = await this.#client.get(
      `${this.path}${this.#random.chance(0.5) ? '?resourceVersion=0' : ''}`,
    );
    if (statusCode !== 200) return false;
    this.lists += 1;
    const objects = new Map<string, JsonObject>();
    for (const item of json.items as JsonObject[]) objects.set(nameOf(item), item);
    for (const [name, known] of this.store) {
      if (!objects.has(name) && !this.#world.mayBeGone(known)) {
        this.#world.fault(
          `a list of ${this.path} at ${json.metadata.resourceVersion} lacks ${text(known)}, which nobody has deleted`,
        );
      }
    }
    this.store.clear();
    for (const [name, object] of objects) this.store.set(name, object);
    this.#version = json.metadata.resourceVersion;
    return true;
  }

  /** Resolves when the stream has ended; false when it had better not be asked again at once. */
  #watch(): Promise<boolean> {
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${300 + this.#random.int(300)}&resourceVersion=${this.#version}`;
    const response = this.#client.watch(`${this.path}?${query}`);
    if (response === undefined) return Promise.resolve(false);
    this.#response = response;
    this.#world.note(`${this.#client.name} watches ${this.path} from ${this.#version}`);
    return new Promise((resolve) => {
      response.onFrames = () => this.#takeIn(response);
      response.onEnd = () => {
        this.#response = undefined;
        if (response.statusCode === 410) this.#version = '';
        this.#world.note(`${this.#client.name} has watched ${this.path}: ${response.statusCode} to ${this.#version}`);
        resolve(response.statusCode === 200 && !response.destroyed);
      };
    });
  }

  #takeIn(response: SimResponse): void {
    for (const frame of response.frames.splice(0)) this.#take(frame);
  }

  #take({ type, object }: SeenFrame): void {
    if (type === 'ERROR') {
      this.#version = '';
      return;
    }
    const { resourceVersion } = object.metadata;
    const rises = compareResourceVersion(resourceVersion, this.#version);
    if (rises < 0 || (rises === 0 && type !== 'BOOKMARK')) {
      this.#fault(`${type} ${text(object)} came after version ${this.#version}`);
      return;
    }
    this.#version = resourceVersion;
    if (type === 'BOOKMARK') return;
    this.#world.note(`${this.#client.name} hears ${type} ${text(object)}`);
    const known = this.store.get(nameOf(object));
    if (type === 'ADDED' && known !== undefined) this.#fault(`ADDED ${text(object)} is known as ${text(known)}`);
    if (type !== 'ADDED' && known === undefined) this.#fault(`${type} ${text(object)} is not known`);
    if (type === 'DELETED' && !this.#world.mayBeGone(object))
      this.#fault(`DELETED ${text(object)}, which nobody has deleted`);
    if (type === 'DELETED') this.store.delete(nameOf(object));
    else this.store.set(nameOf(object), object);
  }

  #fault(what: string): void {
    this.#world.fault(`watch of ${this.path} by ${this.#client.name}: ${what}`);
  }
}

function nameOf(object: JsonObject): string {
  return String((object.metadata as JsonObject).name);
}

function text(object: JsonObject): string {
  const { name, uid, resourceVersion } = object.metadata as JsonObject;
  return `${name} ${uid}@${resourceVersion}`;
}
