// A client as client-go's informers are: it lists, watches from the version of the list, applies every event, resumes by
// version when a stream ends, lists nothing older than what it has when a watch is refused, and whatever there is when it is
// told 410.
//
// Promises checked here: along a watch versions only rise; what is told as new, changed or gone is so for who applies it;
// nothing vanishes that was not deleted; and who applies every event has what a list of that version has.
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { parseRequestInfo } from '../../src/apimachinery/request-info.ts';
import { compareResourceVersion } from '../../src/apimachinery/resource-version.ts';
import { scopeMatches, scopeOf } from '../../src/cache/scope.ts';
import type { SeenFrame, SimResponse } from './answer.ts';
import type { Client } from './client.ts';
import type { CloudStore } from './cloud-store.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export interface InformerOptions {
  readonly client: Client;
  /** Of the collection. */
  readonly path: string;
  /** `fieldSelector=…`, or '' for all of it. */
  readonly selector: string;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Another one for each life of the hub. */
  life(): object;
  /** Whether somebody, somewhere, has deleted it, or may have. */
  mayBeGone(object: JsonObject, path: string): boolean;
  shown(object: JsonObject): void;
  note(what: string): void;
  fault(what: string): void;
}

const forever: Owner = { isOver: false };

export class Informer {
  /** By namespace and name. */
  readonly store = new Map<string, JsonObject>();
  readonly #o: InformerOptions;
  /** '' before the first list and after a 410. */
  #version = '';
  /** What it has came from the cloud itself, or from an earlier life of the hub, but for these keys, which were heard of since. */
  #isAhead = false;
  readonly #heard = new Set<string>();
  #life: object | undefined;
  /** Its watch was refused, or broke: it lists anew, nothing older than what it has. */
  #isRefused = false;

  constructor(options: InformerOptions) {
    this.#o = options;
  }

  /** The process that it is part of begins anew. */
  restart(): void {
    this.#version = '';
    this.store.clear();
  }

  /** How what it knows differs from what is there; '' when it does not. */
  difference(cloud: CloudStore): string {
    const { path, selector } = this.#o;
    const { gvr, namespace } = parseRequestInfo('GET', path);
    const fieldSelector = new URLSearchParams(selector).get('fieldSelector') ?? '';
    const scope = scopeOf({ gvr: gvr!, namespace, labelSelector: '', fieldSelector });
    const there = [...cloud.ofResource(gvr!)].filter(({ object }) => scopeMatches(scope, object));
    const [knows, is] = [[...this.store.values()].map(text).sort(), there.map(({ value }) => text(value)).sort()];
    return knows.join() === is.join() ? '' : `the informer of ${path} knows ${knows}, the cloud has ${is}`;
  }

  async run(): Promise<void> {
    const { scheduler, random } = this.#o;
    for (;;) {
      const isDone = this.#version === '' || this.#isRefused ? await this.#list() : await this.#watch();
      if (!isDone) await scheduler.delay(random.between(100, 2000), forever);
    }
  }

  async #list(): Promise<boolean> {
    const { client, path, random, mayBeGone, fault } = this.#o;
    const from = this.#version;
    const query = from === '' ? (random.chance(0.5) ? 'resourceVersion=0' : '') : `resourceVersion=${from}`;
    const { statusCode, json, source } = await client.get(this.#url(query));
    this.#isRefused = false;
    // As client-go does where the version is gone, or still to come: it takes whatever there is.
    if (statusCode === 410 || statusCode === 504) this.#version = '';
    if (statusCode !== 200) return false;
    if (from !== '' && compareResourceVersion(json.metadata.resourceVersion, from) < 0)
      fault(`a list of ${path} not older than ${from} is at ${json.metadata.resourceVersion}`);
    const objects = new Map<string, JsonObject>();
    for (const item of json.items as JsonObject[]) objects.set(keyOf(item), item);
    for (const [key, known] of this.store) {
      if (objects.has(key) || mayBeGone(known, this.#pathOf(known))) continue;
      fault(`a list of ${path} at ${json.metadata.resourceVersion} lacks ${text(known)}, which nobody has deleted`);
    }
    this.store.clear();
    for (const [key, object] of objects) this.store.set(key, object);
    this.#version = json.metadata.resourceVersion;
    this.#begin(source === 'upstream');
    return true;
  }

  #begin(isAhead: boolean): void {
    this.#isAhead = isAhead;
    this.#heard.clear();
    this.#life = this.#o.life();
  }

  /** Resolves when the stream has ended; false when it had better not be asked again at once. */
  #watch(): Promise<boolean> {
    const { client, path, random, note } = this.#o;
    const seconds = 300 + random.int(300);
    const query = `watch=true&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${this.#version}`;
    const response = client.watch(this.#url(query));
    if (response === undefined) return Promise.resolve(false);
    note(`${client.name} watches ${path} from ${this.#version}`);
    if (this.#life !== this.#o.life()) this.#begin(true);
    return new Promise((resolve) => {
      const end = (): void => {
        const { statusCode, destroyed } = response;
        // Neither taken nor to be tried again: it begins from nothing.
        if (statusCode >= 400 && statusCode !== 503 && statusCode !== 429) this.#version = '';
        this.#isRefused = statusCode === 503 || random.chance(0.15);
        note(`${client.name} has watched ${path}: ${statusCode} to ${this.#version}`);
        resolve(statusCode === 200 && !destroyed);
      };
      response.onFrames = () => this.#takeIn(response);
      response.onEnd = end;
      this.#takeIn(response);
      if (response.destroyed || response.writableFinished) end();
    });
  }

  #url(query: string): string {
    const parts = [this.#o.selector, query].filter((part) => part !== '');
    return parts.length === 0 ? this.#o.path : `${this.#o.path}?${parts.join('&')}`;
  }

  #pathOf(object: JsonObject): string {
    const { namespace, name } = object.metadata as Record<string, string>;
    return `${this.#o.path.replace(/(?<=v1\/)(?=[a-z]+$)/, `namespaces/${namespace}/`)}/${name}`;
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
    if (type !== 'DELETED') this.#o.shown(object);
    this.#o.note(`${this.#o.client.name} hears ${type} ${keyOf(object)} ${text(object)}`);
    const known = this.store.get(keyOf(object));
    // The scope that is watched may know it otherwise: clients of Kubernetes take in what is new and what has changed alike.
    const mayDiffer = this.#isAhead && !this.#heard.has(keyOf(object));
    // Made here, where the scope did not know that the name was taken.
    const isMadeHere = mayDiffer && String(uidOf(object)).startsWith('local-');
    const isReplaced = known !== undefined && uidOf(known) !== uidOf(object) && !isMadeHere;
    if (isReplaced && !this.#o.mayBeGone(known, this.#pathOf(known)))
      this.#fault(`${type} ${text(object)} takes the place of ${text(known)}, which nobody has deleted`);
    this.#heard.add(keyOf(object));
    if (type === 'ADDED' && known !== undefined && !mayDiffer)
      this.#fault(`ADDED ${text(object)} is known as ${text(known)}`);
    // To be told once more that something is gone does no harm.
    if (type === 'MODIFIED' && known === undefined && !mayDiffer) this.#fault(`MODIFIED ${text(object)} is not known`);
    if (type === 'DELETED' && !this.#o.mayBeGone(object, this.#pathOf(object)))
      this.#fault(`DELETED ${text(object)}, which nobody has deleted`);
    if (type === 'DELETED') this.store.delete(keyOf(object));
    else this.store.set(keyOf(object), object);
  }

  #fault(what: string): void {
    this.#o.fault(`watch of ${this.#o.path} by ${this.#o.client.name}: ${what}`);
  }
}

function keyOf(object: JsonObject): string {
  const { namespace = '', name } = object.metadata as Record<string, string>;
  return `${namespace}/${name}`;
}

function uidOf({ metadata }: JsonObject): unknown {
  return (metadata as JsonObject).uid;
}

function text(object: JsonObject): string {
  const { name, uid, resourceVersion } = object.metadata as JsonObject;
  return `${name} ${uid}@${resourceVersion}`;
}
