// The way from one life of the hub to the simulated cloud. A request may be lost before it arrives, its answer after it
// was acted upon, either may be slow or vanish without a word, and a body may end in the middle.

import type { UpstreamResponse } from '../../src/cache/transport.ts';
import { ExchangeEndedError, UpstreamBodyCutError, UpstreamUnreachableError } from '../../src/hub/upstream/errors.ts';
import { ScriptedBody } from '../support/scripted-transport.ts';
import type { CloudReply, CloudRequest, SimCloud } from './cloud.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

/** `refusing`: connections break, new ones are refused. `black hole`: nothing is heard any more. */
export type NetworkMode = 'up' | 'refusing' | 'black hole';

/** What the link between hub and cloud is like for everybody, over all lives of the hub. */
export class SimNetwork {
  mode: NetworkMode = 'up';
  cloud: SimCloud;
  /** So often a single request or answer is lost although the network is up. */
  lossProbability = 0;
  /** One of so many is slow by seconds. */
  slowProbability = 0;
  /** Hears when the mode changes. */
  readonly listeners = new Set<(mode: NetworkMode) => void>();

  constructor(cloud: SimCloud) {
    this.cloud = cloud;
  }

  set(mode: NetworkMode): void {
    if (mode === this.mode) return;
    this.mode = mode;
    for (const listener of [...this.listeners]) listener(mode);
  }

  whenUp(): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.mode !== 'up') return;
        this.listeners.delete(look);
        resolve();
      };
      this.listeners.add(look);
      look();
    });
  }
}

export interface WaySeen {
  /** A head came. */
  answered(): void;
  /** No connection could be made, or one broke before a head came, or nothing has come for seconds. */
  failed(): void;
}

/** Outlives every life of the hub. */
const world: Owner = { isOver: false };
const headLimitMs = 65_000;
const silentAfterMs = 3_000;

export class Way {
  readonly #network: SimNetwork;
  readonly #scheduler: Scheduler;
  readonly #life: Owner;
  readonly #random: Random;
  readonly #open = new Set<OpenExchange>();
  seen: WaySeen = { answered: () => {}, failed: () => {} };

  constructor(network: SimNetwork, scheduler: Scheduler, life: Owner, random: Random) {
    this.#network = network;
    this.#scheduler = scheduler;
    this.#life = life;
    this.#random = random;
    network.listeners.add((mode) => {
      if (!life.isOver && mode === 'refusing') this.#breakAll();
    });
  }

  /** @throws UpstreamUnreachableError, or the signal's reason */
  ask(request: CloudRequest, signal: AbortSignal, idleTimeoutMs = Number.POSITIVE_INFINITY): Promise<UpstreamResponse> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const exchange = new OpenExchange(signal, this.#scheduler, this.#life, idleTimeoutMs);
    this.#open.add(exchange);
    exchange.onOver = () => this.#open.delete(exchange);
    this.#watchSilence(exchange, silentAfterMs);
    void this.#go(request, exchange);
    return exchange.head;
  }

  /** The link was given up: whoever waits is told so. */
  drain(): void {
    for (const exchange of [...this.#open])
      exchange.fail('sent', new ExchangeEndedError('declared-offline', 'drained'));
  }

  /** Nobody waits for anything any more. */
  clear(): void {
    for (const exchange of [...this.#open]) exchange.end();
  }

  async #go(request: CloudRequest, exchange: OpenExchange): Promise<void> {
    const network = this.#network;
    if (network.mode === 'refusing') {
      await this.#takes(0, 5);
      return this.#lose(exchange, 'connect');
    }
    const { cloud } = network;
    // What the kernel has taken it may deliver although nobody waits any more: the process has died, or given it up.
    await this.#scheduler.delay(this.#latency(0.5, 30), world);
    if (exchange.isOver && this.#random.chance(0.5)) return;
    if (network.mode === 'black hole' && this.#random.chance(0.5)) await this.#network.whenUp();
    if (network.mode !== 'up' || network.cloud !== cloud || this.#isLost()) return this.#lose(exchange, 'sent');
    const reply = cloud.handle(request);
    if (exchange.isOver || this.#life.isOver) return;
    await this.#takes(0.5, 30);
    if (exchange.isOver) return;
    if (network.mode !== 'up' || network.cloud !== cloud || this.#isLost()) return this.#lose(exchange, 'sent');
    this.seen.answered();
    exchange.answer(reply);
    if (reply.follow === undefined) await this.#bring(reply, exchange);
    else this.#stream(reply, exchange);
  }

  async #bring({ body }: CloudReply, exchange: OpenExchange): Promise<void> {
    const middle = this.#random.int(body.length + 1);
    exchange.body.write(body.subarray(0, middle));
    await this.#takes(0, 2);
    if (this.#network.mode === 'black hole') await this.#network.whenUp();
    if (exchange.isOver || this.#life.isOver) return;
    if (this.#network.mode !== 'up' || this.#isLost()) return exchange.fail('sent', new Error('reset in the middle'));
    exchange.body.write(body.subarray(middle)).end();
    exchange.end();
  }

  /** In order, however long each piece takes; what a black hole holds up comes when it is over. */
  #stream({ body, follow }: CloudReply, exchange: OpenExchange): void {
    let last: Promise<void> = Promise.resolve();
    const deliver = (piece: () => void): void => {
      const before = last;
      const sent = this.#takes(0.5, 30);
      last = (async () => {
        await before;
        await sent;
        if (this.#network.mode === 'black hole') await this.#network.whenUp();
        if (!exchange.isOver && !this.#life.isOver) piece();
      })();
    };
    if (body.length > 0) exchange.body.write(body);
    exchange.onStop = follow!(
      (frame) => deliver(() => exchange.heard(frame)),
      () =>
        deliver(() => {
          exchange.body.end();
          exchange.end();
        }),
    );
    exchange.watchIdle();
  }

  #lose(exchange: OpenExchange, phase: 'connect' | 'sent'): void {
    if (exchange.isOver || this.#life.isOver || this.#network.mode === 'black hole') return; // it hears nothing more
    exchange.fail(
      phase,
      Object.assign(new Error('reset'), { code: phase === 'connect' ? 'ECONNREFUSED' : 'ECONNRESET' }),
    );
    this.seen.failed();
  }

  #breakAll(): void {
    for (const exchange of [...this.#open]) {
      this.#scheduler.after(this.#random.between(0, 50), this.#life, () => {
        if (exchange.isOver) return;
        const wasWaiting = exchange.isWaiting;
        exchange.fail('sent', Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
        if (wasWaiting) this.seen.failed();
      });
    }
  }

  #watchSilence(exchange: OpenExchange, waitedMs: number): void {
    this.#scheduler.after(silentAfterMs, this.#life, () => {
      if (!exchange.isWaiting) return;
      if (waitedMs >= headLimitMs) return exchange.fail('sent', new ExchangeEndedError('silent', 'no head'));
      this.seen.failed();
      this.#watchSilence(exchange, waitedMs + silentAfterMs);
    });
  }

  #isLost(): boolean {
    return this.#random.chance(this.#network.lossProbability);
  }

  #latency(fromMs: number, toMs: number): number {
    const isSlow = this.#random.chance(this.#network.slowProbability);
    return this.#random.between(fromMs, toMs) * (isSlow ? 300 : 1);
  }

  #takes(fromMs: number, toMs: number): Promise<void> {
    return this.#scheduler.delay(this.#latency(fromMs, toMs), this.#life);
  }
}

class OpenExchange {
  readonly body = new ScriptedBody();
  readonly #head = Promise.withResolvers<UpstreamResponse>();
  readonly #signal: AbortSignal;
  readonly #scheduler: Scheduler;
  readonly #life: Owner;
  readonly #idleTimeoutMs: number;
  #state: 'waiting' | 'answered' | 'over' = 'waiting';
  #heardAt = 0;
  onOver: () => void = () => {};
  onStop: () => void = () => {};

  constructor(signal: AbortSignal, scheduler: Scheduler, life: Owner, idleTimeoutMs: number) {
    this.#signal = signal;
    this.#scheduler = scheduler;
    this.#life = life;
    this.#idleTimeoutMs = idleTimeoutMs;
    signal.addEventListener('abort', this.#onAbort);
  }

  get head(): Promise<UpstreamResponse> {
    return this.#head.promise;
  }

  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  answer({ statusCode, headers }: CloudReply): void {
    this.#state = 'answered';
    const body = this.body.asBody(this.#signal);
    const cancel = (): void => {
      body.cancel();
      this.end();
    };
    this.#head.resolve({
      statusCode,
      headers,
      body: { [Symbol.asyncIterator]: () => body[Symbol.asyncIterator](), cancel },
    });
  }

  heard(frame: Buffer): void {
    this.#heardAt = this.#scheduler.now;
    this.body.write(frame);
  }

  fail(phase: 'connect' | 'sent', cause: Error): void {
    if (this.#state === 'over' || this.#life.isOver) return;
    const server = 'cloud:6443';
    if (this.#state === 'waiting') this.#head.reject(new UpstreamUnreachableError({ phase, server, cause }));
    else this.body.fail(new UpstreamBodyCutError({ server, cause }));
    this.end();
  }

  end(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.onStop();
    this.onOver();
  }

  watchIdle(): void {
    if (!Number.isFinite(this.#idleTimeoutMs)) return;
    this.#heardAt = this.#scheduler.now;
    const look = (): void => {
      if (this.isOver) return;
      const leftMs = this.#heardAt + this.#idleTimeoutMs - this.#scheduler.now;
      if (leftMs <= 0) this.fail('sent', new ExchangeEndedError('idle', 'silent for too long'));
      else this.#scheduler.after(leftMs, this.#life, look);
    };
    this.#scheduler.after(this.#idleTimeoutMs, this.#life, look);
  }

  readonly #onAbort = (): void => {
    if (this.#state === 'waiting') this.#head.reject(this.#signal.reason);
    this.end();
  };
}
