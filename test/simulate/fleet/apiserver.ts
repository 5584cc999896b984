// An apiserver as a fleet sees it: so many requests a second, a queue of bounded length in front, and 429 with Retry-After
// for what does not fit, as API Priority and Fairness answers. Knows objects by their path; counts everything by the second.
import { isJsonObject, type JsonObject, parseJson } from '../../../src/apimachinery/json.ts';
import type { CloudAnswer, CloudRequest } from '../../../src/cache/outbox/cloud.ts';
import type { Random } from '../random.ts';
import type { Owner, Scheduler } from '../scheduler.ts';

export interface ApiserverOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly perSecond: number;
  /** A request that would wait longer is refused. */
  readonly queueMs: number;
  /** Share of the objects that somebody else has changed meanwhile. */
  readonly changedShare: number;
}

export interface Second {
  offered: number;
  served: number;
  refused: number;
}

const headers = { 'audit-id': 'x', 'content-type': 'application/json' };
const forever: Owner = { isOver: false };

export class Apiserver {
  readonly seconds: Second[] = [];
  readonly waitsMs: number[] = [];
  readonly #o: ApiserverOptions;
  readonly #beganAt: number;
  /** Everything taken in so far is done by then. */
  #busyUntil = 0;
  readonly #objects = new Map<string, JsonObject>();
  #version = 1000;

  constructor(options: ApiserverOptions) {
    this.#o = options;
    this.#beganAt = options.scheduler.now;
  }

  /** What a request costs and how long it takes; undefined when it was refused. */
  async pass(rttMs: number): Promise<boolean> {
    const { scheduler, perSecond, queueMs } = this.#o;
    await scheduler.delay(rttMs / 2, forever);
    const { now } = scheduler;
    const second = this.#second(now);
    second.offered += 1;
    const startsAt = Math.max(now, this.#busyUntil);
    const isTaken = startsAt - now <= queueMs;
    let answeredAt = now;
    if (isTaken) {
      this.#busyUntil = startsAt + 1000 / perSecond;
      answeredAt = this.#busyUntil;
      this.#second(answeredAt).served += 1;
      this.waitsMs.push(answeredAt - now);
    } else second.refused += 1;
    await scheduler.delay(answeredAt - now + rttMs / 2, forever);
    return isTaken;
  }

  async answer({ method, path, body }: CloudRequest, rttMs: number): Promise<CloudAnswer> {
    if (!(await this.pass(rttMs))) {
      const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'TooManyRequests', code: 429 };
      return {
        statusCode: 429,
        headers: { ...headers, 'retry-after': '1' },
        body: Buffer.from(JSON.stringify(status)),
      };
    }
    const object = path.replace(/\?.*/, '').replace(/\/status$/, '');
    if (method === 'GET') return this.#found(object);
    const sent = parseJson(body!) as JsonObject;
    if (method === 'PUT' && this.#isBehind(object, sent)) return this.#conflict();
    const metadata = isJsonObject(sent.metadata) ? sent.metadata : {};
    const key = method === 'POST' ? `${object}/${String(metadata.name)}` : object;
    const stored = { ...sent, metadata: { uid: key, ...metadata, resourceVersion: String(++this.#version) } };
    this.#objects.set(key, stored);
    return { statusCode: method === 'POST' ? 201 : 200, headers, body: Buffer.from(JSON.stringify(stored)) };
  }

  /** Before the fleet went away. */
  put(path: string, object: JsonObject): void {
    this.#objects.set(path, object);
  }

  #found(path: string): CloudAnswer {
    const object = this.#objects.get(path);
    if (object !== undefined) return { statusCode: 200, headers, body: Buffer.from(JSON.stringify(object)) };
    return { statusCode: 404, headers, body: Buffer.from('{"kind":"Status","code":404}') };
  }

  #isBehind(path: string, sent: JsonObject): boolean {
    const known = this.#objects.get(path);
    const versionOf = (object: JsonObject | undefined): unknown =>
      isJsonObject(object?.metadata) ? object.metadata.resourceVersion : undefined;
    if (known === undefined) return false;
    if (versionOf(known) === '1' && this.#o.random.chance(this.#o.changedShare)) {
      const metadata = { ...(known.metadata as JsonObject), resourceVersion: String(++this.#version) };
      this.#objects.set(path, { ...known, metadata });
      return true;
    }
    return versionOf(sent) !== versionOf(known);
  }

  #conflict(): CloudAnswer {
    return { statusCode: 409, headers, body: Buffer.from('{"kind":"Status","code":409,"reason":"Conflict"}') };
  }

  #second(at: number): Second {
    const index = Math.floor((at - this.#beganAt) / 1000);
    for (let next = this.seconds.length; next <= index; next++) {
      this.seconds.push({ offered: 0, served: 0, refused: 0 });
    }
    return this.seconds[index]!;
  }
}
