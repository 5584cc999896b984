// The accepted tokens on disk, one record each, so that one more costs one more and not the whole table. A record that is
// lost makes an answer missing; a token that the cloud has refused must not come back, so it is taken out urgently.
import type { Records } from '../../../storage/records.ts';
import { Notes } from '../../cache/notes.ts';
import type { AcceptedToken } from './accepted-tokens.ts';

const prefix = 'accepted-token/';

export class TokenRecords {
  readonly #records: Records;
  readonly #notes: Notes;

  constructor(records: Records, onLost: (error: unknown) => void) {
    this.#records = records;
    this.#notes = new Notes(records, onLost);
  }

  /** By hash. Empty where the disk has lost something: a token that was refused may stand there again. */
  async load(): Promise<ReadonlyMap<string, unknown>> {
    const kept = new Map<string, unknown>();
    for await (const page of this.#records.load('meta', prefix)) {
      for (const { key, value } of page) kept.set(key.slice(prefix.length), JSON.parse(value.toString()));
    }
    if (!this.#records.unsettled.some(({ space, key }) => space === 'meta' && key === '')) return kept;
    this.#notes.revoke('meta', [...kept.keys()].map(keyOf));
    return new Map();
  }

  keep(token: AcceptedToken): void {
    this.#notes.put('meta', keyOf(token.hash), Buffer.from(JSON.stringify(token)), { secret: true });
  }

  /** To make room. */
  forget(hashes: readonly string[]): void {
    this.#notes.delete('meta', hashes.map(keyOf));
  }

  /** The cloud has refused it. */
  revoke(hash: string): void {
    this.#notes.revoke('meta', [keyOf(hash)]);
  }

  /** Resolves when nothing is on its way to the disk any more. */
  idle(): Promise<void> {
    return this.#notes.idle();
  }
}

function keyOf(hash: string): string {
  return prefix + hash;
}
