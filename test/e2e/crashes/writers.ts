// Clients that write without pause, each its own objects one after the other, and remember what they were told.
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../differential/random.ts';
import type { Ledger, Outcome } from './ledger.ts';
import { fieldsOf, type Subject, type WriteCall } from './subjects.ts';

export interface WriterOptions {
  readonly ledger: Ledger;
  readonly random: Random;
  /** Of the hub's plain port; the same over all its lives. */
  readonly url: string;
  readonly token?: string;
  readonly userAgent: string;
  readonly subjects: readonly Subject[];
  /** Called before each write; `undefined` = one of `subjects`. */
  readonly nextSubject?: () => Subject;
  readonly pauseMs: number;
}

interface Reply {
  /** 0: no whole answer. */
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  readonly body: any;
}

interface Believed {
  isThere: boolean | undefined;
  resourceVersion: string | undefined;
}

export interface StaleRead {
  readonly path: string;
  readonly text: string;
}

export class Writer {
  readonly staleReads: StaleRead[] = [];
  readonly #o: WriterOptions;
  readonly #believed = new Map<string, Believed>();
  #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#o = options;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  /** Resolves when the write on its way has ended. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { random, subjects, nextSubject, pauseMs } = this.#o;
    while (this.#isRunning) {
      const subject = nextSubject?.() ?? random.pick(subjects);
      const answered = await this.#write(subject);
      if (answered && random.chance(0.3)) await this.#check(subject);
      // A hub that is dead or starting is asked again a little later.
      await delay(answered ? random.integer(2 * pauseMs) : 15);
    }
    this.#agent.destroy();
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
  }

  /** True when there was an answer of any kind. */
  async #write(subject: Subject): Promise<boolean> {
    const { ledger, random } = this.#o;
    const believed = this.#believed.get(subject.path) ?? { isThere: undefined, resourceVersion: undefined };
    this.#believed.set(subject.path, believed);
    if (believed.isThere === undefined && !(await this.#look(subject.path, believed))) return false;
    const kind = believed.isThere ? random.pick(subject.kinds) : 'create';
    const write = ledger.attempt(subject.path, { kind, field: `k${random.integer(5)}` });
    const precondition = random.chance(0.5) ? believed.resourceVersion : undefined;
    const { status, body } = await this.#send(subject.call(write, precondition));
    const outcome = outcomeOf(status);
    ledger.settle(write, outcome);
    if (outcome === 'acknowledged') {
      believed.isThere = kind !== 'delete';
      believed.resourceVersion = kind === 'delete' ? undefined : body.metadata?.resourceVersion;
    } else {
      believed.isThere = undefined;
      believed.resourceVersion = undefined;
    }
    return status > 0;
  }

  async #look(path: string, believed: Believed): Promise<boolean> {
    const { status, body } = await this.#send({ method: 'GET', path });
    if (status !== 200 && status !== 404) return false;
    believed.isThere = status === 200;
    believed.resourceVersion = status === 200 ? body.metadata.resourceVersion : undefined;
    return true;
  }

  /** Nobody else writes this object: what is read must not be older than what was acknowledged. */
  async #check({ path }: Subject): Promise<void> {
    const last = this.#o.ledger.writesOf(path).findLast(({ outcome }) => outcome !== 'refused');
    if (last?.outcome !== 'acknowledged') return;
    const { status, body } = await this.#send({ method: 'GET', path });
    if (status !== 200 && status !== 404) return;
    const read = status === 200 ? fieldsOf(body).n : undefined;
    const wanted = last.kind === 'delete' ? undefined : String(last.number);
    if (read !== wanted && !(read !== undefined && this.#o.ledger.mayStillShow(path).has(read))) {
      this.staleReads.push({
        path,
        text: `${path}: wrote ${wanted ?? 'a deletion'} (${last.kind}), read ${read ?? status}`,
      });
    }
  }

  #send({ method, path, contentType = 'application/json', body }: ReadCall | WriteCall): Promise<Reply> {
    const { url, token, userAgent } = this.#o;
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string | number> = { accept: 'application/json', 'user-agent': userAgent };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (payload !== undefined) {
      headers['content-type'] = contentType;
      headers['content-length'] = payload.length;
    }
    return new Promise((resolve) => {
      const none = (error?: NodeJS.ErrnoException): void =>
        resolve({ status: error?.code === 'ECONNREFUSED' ? neverHeard : 0, body: undefined });
      const asked = request(url + path, { method, headers, agent: this.#agent, timeout: 8000 }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => void chunks.push(chunk));
        response.on('error', none);
        response.on('close', () => none()); // after 'end' it changes nothing
        response.on('end', () => {
          if (!response.complete) return none();
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.includes('json');
          resolve({ status: response.statusCode ?? 0, body: isJson ? JSON.parse(text) : text });
        });
      });
      asked.on('timeout', () => asked.destroy());
      asked.on('error', none);
      asked.end(payload);
    });
  }
}

interface ReadCall {
  readonly method: 'GET';
  readonly path: string;
  readonly contentType?: string;
  readonly body?: object;
}

/** Nobody listened. */
const neverHeard = -1;

/** 504 says itself that the outcome is unknown; any other refusal promises that nothing was done. */
function outcomeOf(status: number): Outcome {
  if (status === 0 || status === 500 || status === 502 || status === 504) return 'unknown';
  return status >= 200 && status < 300 ? 'acknowledged' : 'refused';
}
