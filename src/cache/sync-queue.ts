// Full syncs of one scope, one after another, each with the credential of the reader who wants it. A reader is given a
// sync that begins after its call, so what it reads is as fresh as it asked for; who waits for the same sync shares it.
import type { Credential } from './credential.ts';

interface Running {
  readonly credential: Credential;
  readonly done: Promise<void>;
}

export class SyncQueue {
  readonly #sync: (identity: string, credential: Credential) => Promise<void>;
  readonly #queued = new Map<string, Promise<void>>();
  #running: Running | undefined;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(sync: (identity: string, credential: Credential) => Promise<void>) {
    this.#sync = sync;
  }

  /** Somebody still waits for a sync to begin or to end. */
  get isBusy(): boolean {
    return this.#waiting > 0;
  }

  /** A sync that has not begun yet; readers of one identity share it. */
  add(identity: string, credential: Credential): Promise<void> {
    const queued = this.#queued.get(identity);
    if (queued !== undefined) return queued;
    const done = this.#last
      .catch(() => undefined) // its own readers have heard of it
      .then(() => {
        this.#queued.delete(identity);
        this.#running = { credential, done };
        return this.#sync(identity, credential);
      });
    this.#queued.set(identity, done);
    this.#last = done;
    this.#waiting++;
    const settled = (): void => {
      this.#waiting--;
      if (this.#running?.done === done) this.#running = undefined;
    };
    done.then(settled, settled);
    return done;
  }

  /** For who wants the scope whole rather than as of now: also a sync that runs already, with this very credential. */
  join(identity: string, credential: Credential): Promise<void> {
    return this.#running?.credential === credential ? this.#running.done : this.add(identity, credential);
  }
}
