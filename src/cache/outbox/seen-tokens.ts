// The newest bearer token of each account that the cloud was seen to accept: a write that waited for days may come with
// one that has ended. In memory only, and one identity's token is never used for another's write: an account that was
// deleted and made anew is somebody else.
import { BoundedMap } from '../bounded-map.ts';
import { accountOf } from './account-of.ts';

export interface SeenToken {
  /** Whom the cloud took it for. */
  readonly identity: string;
  readonly token: string;
}

const limit = 1000;

export class SeenTokens {
  readonly #newest = new BoundedMap<SeenToken>(Number.POSITIVE_INFINITY, () => 0, { limitEntries: limit });

  /** The cloud has just accepted it. True when it is another one than before. */
  see(identity: string, token: string): boolean {
    const account = accountOf(identity);
    const known = this.#newest.peek(account);
    if (known?.token === token && known.identity === identity) return false;
    this.#newest.set(account, { identity, token });
    return true;
  }

  /** Of this account; of another identity where the account was made anew since. */
  newest(identity: string): SeenToken | undefined {
    return this.#newest.get(accountOf(identity));
  }
}
