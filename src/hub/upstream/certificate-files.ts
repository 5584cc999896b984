// Notices when files with credentials change and takes the new ones over: kubelet and cert-manager swap them by rename or
// by symlink, sometimes the certificate a moment before its key. Promise: what cannot be used (half written, a key that is
// not the certificate's) is reported and tried again, and what worked before stays in use.
import { type BigIntStats, type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Timer } from '../../apimachinery/clock.ts';

export interface CertificateFilesOptions {
  /** Certificate, key, authority, token: whichever of them are files. By path, the fingerprint of what was read. */
  readonly files: ReadonlyMap<string, string>;
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
  #known: string;
  #poll: Timer | undefined;
  #debounce: Timer | undefined;
  #looking: Promise<void> | undefined;
  #mustLookAgain = false;
  #isClosed = false;

  private constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#known = [...options.files.values()].join('|');
  }

  /** Watches from what was read: a change since then is noticed at once. */
  static watch(options: CertificateFilesOptions): CertificateFiles {
    const files = new CertificateFiles(options);
    const directories = new Set([...options.files.keys()].map((path) => dirname(path)));
    for (const directory of directories) files.#watchDirectory(directory);
    files.#pollAgain();
    void files.#look();
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
    const seen = (await Promise.all([...this.#options.files.keys()].map(fileFingerprint))).join('|');
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

/** Changes whenever the file does, also when a symlink points elsewhere; a missing file is a state too. */
export async function fileFingerprint(path: string): Promise<string> {
  try {
    return fingerprintOf(await stat(path, { bigint: true }));
  } catch (error) {
    return `missing:${(error as NodeJS.ErrnoException).code}`;
  }
}

/** The same, of a file that is open: what is read through it then has this fingerprint. */
export function fingerprintOf({ ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
}
