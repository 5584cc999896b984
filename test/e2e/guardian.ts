// Keeps a crash from leaving anything behind. A shell in a session of its own waits for its stdin to end, which the
// kernel brings about however this process dies, and then undoes what is still written in its list.
// Promise: what was announced with `onCrash` and not taken back is undone within moments of this process's death.
import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Guardian {
  /** Announces what undoes `key`: one line of sh. Written to disk when this returns. */
  onCrash(key: string, shell: string): void;
  takeBack(key: string): void;
}

let guardian: Guardian | undefined;

/** The one guardian of this process, started by its first use. */
export function theGuardian(): Guardian {
  guardian ??= startGuardian();
  return guardian;
}

export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function startGuardian(): Guardian {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-e2e-guardian-'));
  const list = join(directory, 'undo');
  const pending = new Map<string, string>();
  const write = () => {
    writeFileSync(`${list}.new`, [...pending.values(), ''].join('\n'));
    renameSync(`${list}.new`, list);
  };
  write();
  // The last announced is undone first: processes before their directory.
  const script = 'cat >/dev/null; tac "$0/undo" | while IFS= read -r line; do eval "$line"; done; rm -rf "$0"';
  const shell = spawn('sh', ['-c', script, directory], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  shell.stdin.on('error', () => {
    throw new Error('the guardian of the end-to-end tests died; a crash would leave processes behind');
  });
  shell.on('error', (cause) => {
    rmSync(directory, { recursive: true, force: true });
    throw new Error('the guardian of the end-to-end tests could not be started', { cause });
  });
  return {
    onCrash(key, line) {
      pending.delete(key);
      pending.set(key, line.replaceAll('\n', ' '));
      write();
    },
    takeBack(key) {
      if (pending.delete(key)) write();
    },
  };
}
