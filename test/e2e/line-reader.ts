// What a child process prints, line by line, kept and waited for.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export class LineReader<T> {
  readonly all: T[] = [];
  #waiting = new Set<() => void>();
  #open: number;

  constructor(streams: readonly Readable[], parse: (line: string) => T) {
    this.#open = streams.length;
    for (const input of streams) {
      const lines = createInterface({ input });
      lines.on('line', (line) => {
        this.all.push(parse(line));
        this.#wake();
      });
      lines.on('close', () => {
        this.#open -= 1;
        this.#wake();
      });
    }
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /** The first match from index `from` on, there already or still to come. */
  waitFor(
    what: string,
    matches: (one: T) => boolean,
    { from = 0, timeoutMs = 30_000 }: { from?: number; timeoutMs?: number } = {},
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let next = from;
      const settle = (act: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        act();
      };
      const look = () => {
        for (; next < this.all.length; next++) {
          const one = this.all[next] as T;
          if (matches(one)) return settle(() => resolve(one));
        }
        if (this.#open === 0) settle(() => reject(new Error(`the process ended before: ${what}`)));
      };
      const timer = setTimeout(() => settle(() => reject(new Error(`not within ${timeoutMs} ms: ${what}`))), timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}
