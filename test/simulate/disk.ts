// A disk that loses what it may lose. It keeps what was synced, and beside it the batches that were not: a power cut leaves
// any number of them from the oldest on, the death of the process leaves all that had been handed over. A batch is there
// whole or not at all, as LevelDB has it.
import type { Change } from '../../storage/records.ts';
import type { Random } from './random.ts';

export type Batch = readonly Change[];
type Content = Map<string, Buffer>;

export class SimDisk {
  readonly #random: Random;
  /** What a power cut leaves at least. */
  #synced: Content = new Map();
  #unsynced: Batch[] = [];
  #reserve: Batch[] = [];
  /** As the kernel has it. */
  #content: Content = new Map();
  /** Handed over, and not answered yet. */
  inFlight: Batch | undefined;
  /** Neither writes nor syncs succeed. */
  isFull = false;
  /** So often a write or sync fails although there is room. */
  faultProbability = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get content(): ReadonlyMap<string, Buffer> {
    return this.#content;
  }

  append(batch: Batch): void {
    apply(this.#content, batch);
    this.#unsynced.push(batch);
  }

  /** In the space that is kept for urgent changes: at once on disk, and above all that is found beside it. */
  appendToReserve(batch: Batch): void {
    apply(this.#content, batch);
    this.#reserve.push(batch);
  }

  sync(): void {
    for (const batch of [...this.#unsynced, ...this.#reserve]) apply(this.#synced, batch);
    this.#unsynced = [];
    this.#reserve = [];
  }

  get isFailing(): boolean {
    return this.isFull || this.#random.chance(this.faultProbability);
  }

  /** Of what was on its way, nobody knows whether it arrived. */
  crash(how: 'killed' | 'power cut'): void {
    if (this.inFlight !== undefined && this.#random.chance(0.5)) this.append(this.inFlight);
    this.inFlight = undefined;
    if (how === 'power cut') this.#unsynced.length = this.#random.int(this.#unsynced.length + 1);
    const content = new Map(this.#synced);
    for (const batch of [...this.#unsynced, ...this.#reserve]) apply(content, batch);
    this.#content = content;
    // Who opens it next brings what was kept for urgent changes to where the rest is, synced, before anything else.
    if (how === 'power cut' || this.#reserve.length > 0) this.sync();
  }
}

export function recordKey(space: string, key: string): string {
  return `${space} ${key}`;
}

export function apply(content: Content, batch: Batch): void {
  for (const { type, space, key, value } of batch) {
    if (type === 'delete') content.delete(recordKey(space, key));
    else content.set(recordKey(space, key), value!);
  }
}
