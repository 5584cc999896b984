// The newest bearer token of each identity that the cloud was seen to accept: a write that waited for days may come with
// one that has ended. In memory only, and one identity's token is never used for another's write.
import { BoundedMap } from '../bounded-map.ts';

const limit = 1000;

export class SeenTokens {
  readonly #newest = new BoundedMap<string>(Number.POSITIVE_INFINITY, () => 0, limit);

  /** The cloud has just accepted it. True when it is another one than before. */
  see(identity: string, token: string): boolean {
    if (this.#newest.peek(identity) === token) return false;
    this.#newest.set(identity, token);
    return true;
  }

  newest(identity: string): string | undefined {
    return this.#newest.get(identity);
  }
}
