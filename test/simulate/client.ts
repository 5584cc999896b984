// A client of the hub: asks, waits for the answer, and keeps account of what it wanted and what it was told. It may be cut
// off at any moment, as by a crash; then it does not know what became of a write.
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { parseRequestInfo } from '../../src/apimachinery/request-info.ts';
import type { ClientRequest, SimResponse } from './answer.ts';
import type { Intent, Intents } from './intents.ts';
import type { Reads } from './reads.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export interface Answer {
  /** 0: cut off before the end. */
  readonly statusCode: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  readonly json: any;
  readonly source: string;
}

export interface ClientWorld {
  readonly scheduler: Scheduler;
  readonly intents: Intents;
  readonly reads: Reads;
  /** Undefined while no hub runs. */
  ask(request: ClientRequest): SimResponse | undefined;
  /** The cloud has answered a write with how the object is now. */
  answered(path: string, object: JsonObject): void;
  note(what: string): void;
  fault(what: string): void;
}

export interface WriteWish {
  readonly verb: Intent['verb'];
  readonly path: string;
  readonly contentType?: string;
  /** Names of the fields that get this write's token. */
  readonly fields: readonly string[];
  readonly uid?: string;
  /** @param token written nowhere else */
  readonly body: (token: string) => unknown;
}

/** Nobody waits for longer: whoever has not been answered by then never will be. */
const patienceMs = 150_000;
const forever: Owner = { isOver: false };
const methods = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' } as const;

export class Client {
  readonly name: string;
  /** Undefined for the node itself. */
  readonly token: string | undefined;
  readonly #world: ClientWorld;

  constructor(name: string, token: string | undefined, world: ClientWorld) {
    this.name = name;
    this.token = token;
    this.#world = world;
  }

  /** Of one object, or of a collection. */
  async get(path: string): Promise<Answer> {
    const { reads, intents } = this.#world;
    const [bare = ''] = path.split('?');
    const paths = isCollection(bare) ? reads.pathsUnder(bare) : [bare];
    const before = paths.map((one) => reads.before(one));
    const answer = await this.#ask({ method: 'GET', path, userAgent: `${this.name}/0` });
    const { statusCode, json, source } = answer;
    if (statusCode !== 200 && statusCode !== 404) return answer;
    const objects: readonly JsonObject[] = statusCode === 404 ? [] : isCollection(bare) ? json.items : [json];
    for (const object of objects) intents.shown(object);
    const shown = new Map(objects.map((object) => [(object.metadata as JsonObject).name, object]));
    for (const [index, one] of paths.entries()) {
      const how = `${this.name} GET ${path} (${source})`;
      reads.check(one, before[index]!, shown.get(one.slice(one.lastIndexOf('/') + 1)), how);
    }
    return answer;
  }

  async write({ verb, path, contentType, fields, uid = '', body }: WriteWish): Promise<Answer> {
    const { intents } = this.#world;
    const object = verb === 'create' ? path.slice(0, path.lastIndexOf('/')) : path;
    const intent = intents.begin({ client: this.name, verb, path: path.replace(/\/status$/, ''), uid }, fields);
    this.#world.reads.began(intent);
    const userAgent = `${this.name}/${intent.id}`;
    const request = { method: methods[verb], path: object, userAgent, contentType, body: body(`w${intent.id}`) };
    const answer = await this.#ask(request);
    const outcome = outcomeOf(answer);
    intents.end(intent, outcome, answer.source === 'upstream' ? 'cloud' : 'outbox', answer.json as JsonObject);
    this.#world.reads.ended(intent, answer.json as JsonObject);
    if (intent.by === 'cloud' && outcome === 'acknowledged')
      this.#world.answered(intent.path, answer.json as JsonObject);
    return answer;
  }

  /** An answer whose end nobody waits for. */
  watch(path: string): SimResponse | undefined {
    return this.#world.ask({ method: 'GET', path, token: this.token, userAgent: `${this.name}/0` });
  }

  #ask(request: ClientRequest): Promise<Answer> {
    const { scheduler, ask, note, fault } = this.#world;
    const response = ask({ ...request, token: this.token });
    if (response === undefined) return Promise.resolve({ statusCode: 0, json: undefined, source: 'none' });
    const title = `${request.userAgent} ${request.method} ${request.path}`;
    note(`> ${title}${request.body === undefined ? '' : ` ${JSON.stringify(request.body)}`}`);
    return new Promise((resolve) => {
      const patience = scheduler.after(patienceMs, forever, () => fault(`${title} was never answered`));
      const end = (): void => {
        patience.cancel();
        const isWhole = !response.destroyed;
        const json = isWhole ? response.json() : undefined;
        const statusCode = isWhole ? response.statusCode : 0;
        const source = String(response.headers['x-holdfast-source'] ?? 'upstream');
        note(`< ${title} ${statusCode} ${source} ${brief(json)}`);
        resolve({ statusCode, json, source });
      };
      if (response.destroyed || response.writableFinished) end();
      else response.onEnd = end;
    });
  }
}

function isCollection(path: string): boolean {
  return parseRequestInfo('GET', path).name === '';
}

function outcomeOf({ statusCode, source }: Answer): 'acknowledged' | 'refused' | 'unknown' {
  if (source === 'none') return 'refused';
  if (statusCode === 0 || statusCode === 504 || statusCode === 500) return 'unknown';
  return statusCode < 300 ? 'acknowledged' : 'refused';
}

// biome-ignore lint/suspicious/noExplicitAny: whatever was answered
function brief(json: any): string {
  if (json?.kind === 'Status') return `${json.reason ?? json.status}: ${json.message ?? ''}`;
  const { metadata: { resourceVersion, uid } = {} as Record<string, unknown>, items, data } = json ?? {};
  const content = items === undefined ? JSON.stringify(data ?? {}) : `${items.length} items`;
  return `@${resourceVersion} ${uid ?? ''} ${content}`;
}
