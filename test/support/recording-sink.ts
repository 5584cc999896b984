// The client's end of a watch: what was written, as events; takes as much as the test lets it.
import { WatchFrameReader } from '../../src/apimachinery/watch-frame.ts';
import type { FrameSink } from '../../src/cache/watch/watcher.ts';

export interface SeenEvent {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever was sent
  readonly object: any;
}

export class RecordingSink implements FrameSink {
  readonly events: SeenEvent[] = [];
  /** Sum of the counts that came with the writes. */
  counted = 0;
  isEnded = false;
  /** How many writes are taken until the client is slow; Infinity = never. */
  capacity = Number.POSITIVE_INFINITY;
  readonly #reader = new WatchFrameReader();
  #drain: () => void = () => {};

  write(frames: Buffer, count: number): boolean {
    if (this.isEnded) throw new Error('written after the end');
    this.counted += count;
    for (const { type, object } of this.#reader.push(Buffer.from(frames))) {
      this.events.push({ type, object: JSON.parse(object.toString()) });
    }
    this.#reader.end(); // each write is made of whole frames
    this.capacity -= 1;
    return this.capacity > 0;
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  end(): void {
    this.isEnded = true;
  }

  /** The client reads again, and takes so many more writes. */
  drain(capacity = Number.POSITIVE_INFINITY): void {
    this.capacity = capacity;
    this.#drain();
  }

  /** `ADDED a@11`, `BOOKMARK @20`, `ERROR 410` */
  get told(): readonly string[] {
    return this.events.map(({ type, object }) =>
      type === 'ERROR'
        ? `ERROR ${object.code}`
        : `${type} ${object.metadata.name ?? ''}@${object.metadata.resourceVersion}`,
    );
  }
}
