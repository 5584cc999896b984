// Notices when files with credentials change and takes the new ones over: kubelet and cert-manager swap them by rename or
// by symlink, sometimes the certificate a moment before its key. Promise: what cannot be used (half written, a key that is
// not the certificate's) is reported and tried again, and what worked before stays in use.
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../../apimachinery/clock.ts';

export interface CertificateFilesOptions {
  /** Certificate, key, authority, token: whichever of them are files. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Reads the files and puts them to use. Throws, and changes nothing, when they cannot be used. */
  readonly reload: () => void | Promise<void>;
  /** The files changed and were taken over. */
  readonly onReloaded?: () => void;
  /** They changed, but cannot be used; told once for each change. */
  readonly onRejected: (error: unknown) => void;
  readonly debounceMs?: number;
  /** Notifications can be missing (network file systems, replaced directories): look anyway, so often. */
  readonly pollMs?: number;
}

export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #watchers: FSWatcher[] = [];
  #known = '';
  #poll: Timer | undefined;
  #debounce: Timer | undefined;
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;
  #isClosed = false;

  private constructor(options: CertificateFilesOptions) {
    this.#options = options;
  }

  /** Watches from what the files are now, which the caller has already read. */
  static async watch(options: CertificateFilesOptions): Promise<CertificateFiles> {
    const files = new CertificateFiles(options);
    files.#known = await fingerprint(options.paths);
    for (const directory of new Set(options.paths.map((path) => dirname(path)))) files.#watchDirectory(directory);
    files.#pollAgain();
    return files;
  }

  close(): void {
    this.#isClosed = true;
    this.#poll?.cancel();
    this.#debounce?.cancel();
    for (const watcher of this.#watchers) watcher.close();
  }

  /** A directory, because the files in it are replaced, and a watched file that was replaced is never heard of again. */
  #watchDirectory(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => this.#changed());
      watcher.on('error', () => watcher.close()); // the poll goes on without it
      this.#watchers.push(watcher);
    } catch (error) {
      this.#options.onRejected(error); // the poll goes on without it
    }
  }

  #changed(): void {
    if (this.#isClosed) return;
    this.#debounce?.cancel();
    this.#debounce = this.#options.clock.setTimeout(() => void this.#look(), this.#options.debounceMs ?? 300);
  }

  #pollAgain(): void {
    if (this.#isClosed) return;
    this.#poll = this.#options.clock.setTimeout(() => {
      void this.#look().finally(() => this.#pollAgain());
    }, this.#options.pollMs ?? 30_000);
  }

  /** Resolves when what is there now has been looked at. */
  #look(): Promise<void> {
    if (this.#looking !== undefined) this.#mustLookAgain = true;
    this.#looking ??= this.#lookUntilDone().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookUntilDone(): Promise<void> {
    do {
      this.#mustLookAgain = false;
      await this.#lookOnce();
    } while (this.#mustLookAgain && !this.#isClosed);
  }

  async #lookOnce(): Promise<void> {
    const seen = await fingerprint(this.#options.paths);
    if (seen === this.#known || this.#isClosed) return;
    // Known from now on, also when it cannot be used: it is reported once, and the next change is a change again.
    this.#known = seen;
    try {
      await this.#options.reload();
    } catch (error) {
      this.#options.onRejected(error);
      return;
    }
    this.#options.onReloaded?.();
  }
}

/** Changes whenever one of the files does, also when a symlink points elsewhere; a missing file is a state too. */
async function fingerprint(paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    paths.map(async (path) => {
      try {
        const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
        return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
      } catch (error) {
        return `missing:${(error as NodeJS.ErrnoException).code}`;
      }
    }),
  );
  return parts.join('|');
}
