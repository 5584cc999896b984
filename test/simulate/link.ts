// What the hub believes of the link: online, in doubt, offline. Simpler than the real state machine of src/hub, and with
// the same promises: offline within seconds once nothing answers, online only after an answer, and whoever waits for an
// answer when the link is given up hears of it.
import type { LinkGate } from '../../src/cache/link-gate.ts';
import type { LinkView } from '../../src/hub/services.ts';
import type { SimNetwork, Way } from './network.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

const probeEveryMs = 10_000;
const giveUpMs = 2_000;

export class SimLink implements LinkGate, LinkView {
  state: LinkView['state'] = 'starting';
  /** How often it was online and then was not. */
  losses = 0;
  readonly #network: SimNetwork;
  readonly #way: Way;
  readonly #scheduler: Scheduler;
  readonly #life: Owner;
  readonly #random: Random;
  readonly #waiting = new Set<() => void>();
  #probe = 0;

  constructor(network: SimNetwork, way: Way, scheduler: Scheduler, life: Owner, random: Random) {
    this.#network = network;
    this.#way = way;
    this.#scheduler = scheduler;
    this.#life = life;
    this.#random = random;
    way.seen = {
      answered: () => {
        if (this.state === 'suspect') this.#become('online');
      },
      failed: () => {
        if (this.state !== 'online') return;
        this.#become('suspect');
        this.#ask();
      },
    };
  }

  start(): void {
    this.#ask();
  }

  get isOnline(): boolean {
    return this.state === 'online';
  }

  describe(): string {
    return `(${this.state})`;
  }

  whenOnline(signal: AbortSignal): Promise<void> {
    return this.#when(() => this.isOnline, signal);
  }

  settled(signal: AbortSignal): Promise<void> {
    return this.#when(() => this.state === 'online' || this.state === 'offline', signal);
  }

  /** One probe at a time; the newest counts. */
  #ask(): void {
    this.#probe += 1;
    const probe = this.#probe;
    const startedAt = this.#scheduler.now;
    const look = (): void => {
      if (probe !== this.#probe) return;
      const { mode } = this.#network;
      const isSilent = mode === 'black hole' && this.#scheduler.now - startedAt < giveUpMs;
      if (isSilent) this.#scheduler.after(200, this.#life, look);
      else this.#concluded(mode === 'up');
    };
    this.#scheduler.after(this.#random.between(1, 60), this.#life, look);
  }

  #concluded(isUp: boolean): void {
    this.#become(isUp ? 'online' : 'offline');
    const nextMs = isUp ? probeEveryMs : this.#random.between(500, 3000);
    const probe = this.#probe;
    this.#scheduler.after(nextMs, this.#life, () => {
      if (probe === this.#probe) this.#ask();
    });
  }

  #become(state: LinkView['state']): void {
    if (state === this.state) return;
    if (this.state === 'online') this.losses += 1;
    this.state = state;
    if (state === 'offline') this.#way.drain();
    for (const look of [...this.#waiting]) look();
  }

  #when(isMet: () => boolean, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    if (isMet()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.delete(look);
        signal.removeEventListener('abort', onAbort);
      };
      const look = (): void => {
        if (!isMet()) return;
        leave();
        resolve();
      };
      const onAbort = (): void => {
        leave();
        reject(signal.reason);
      };
      this.#waiting.add(look);
      signal.addEventListener('abort', onAbort);
    });
  }
}
