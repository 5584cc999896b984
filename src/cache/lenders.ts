// Who lends a credential to follow a scope with. A credential is lent by those who were given the scope with it, and is
// dropped when the cloud refuses it.
import { type Credential, nodeCredential } from './credential.ts';

export interface Lender {
  readonly identity: string;
  readonly credential: Credential;
}

/** Under which the hub's own certificate reads. */
export const nodeIdentity = 'node';

/** The hub itself. */
export const nodeLender: Lender = { identity: nodeIdentity, credential: nodeCredential };

/** Who comes with a new token each time is somebody else each time; more than a few are never needed. */
const limit = 20;

export class Lenders {
  readonly #credentials = new Map<string, Credential>();
  #missedSince: number | undefined;

  get identities(): readonly string[] {
    return [...this.#credentials.keys()];
  }

  /** The newest credential of an identity takes the place of its older one. */
  lend({ identity, credential }: Lender): void {
    this.#credentials.set(identity, credential);
    this.#missedSince = undefined;
    if (this.#credentials.size > limit) this.#dropFirst();
  }

  /** Drops a credential and answers who lent it. One that was lent anew meanwhile stays. */
  drop(credential: Credential): readonly string[] {
    const dropped = this.identities.filter((identity) => this.#credentials.get(identity) === credential);
    for (const identity of dropped) this.#credentials.delete(identity);
    return dropped;
  }

  #dropFirst(): void {
    for (const [identity, { kind }] of this.#credentials) {
      if (kind === 'node') continue;
      this.#credentials.delete(identity);
      return;
    }
  }

  /** There was nobody to pick when one was needed. */
  missed(now: number): void {
    this.#missedSince ??= now;
  }

  /** How long ago one was first needed and not there; 0 while there is one. */
  missedForMs(now: number): number {
    return this.#credentials.size > 0 || this.#missedSince === undefined ? 0 : now - this.#missedSince;
  }

  /** The node's own first: it is always at hand. Else the last that was lent for the first time. */
  pick(): Lender | undefined {
    let last: Lender | undefined;
    for (const [identity, credential] of this.#credentials) {
      last = { identity, credential };
      if (credential.kind === 'node') return last;
    }
    return last;
  }
}
