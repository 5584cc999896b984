// A child process that serves: its output goes to a file, its end is known, and it does not outlive this process.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { theGuardian } from './guardian.ts';

export interface ServerProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when it has ended, with its exit code or the signal that ended it. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly hasEnded: boolean;
  /** As `ended`, and this process lives as long. */
  untilEnded(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends the signal and waits for the end; SIGKILL after `patienceMs`. */
  stop(signal?: NodeJS.Signals, patienceMs?: number): Promise<void>;
  /** The end of its output. */
  logTail(lines?: number): Promise<string>;
}

export interface ServerCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly env?: NodeJS.ProcessEnv;
}

export function startServerProcess(command: ServerCommand): ServerProcess {
  const log = openSync(command.logFile, 'a');
  let child: ChildProcess;
  try {
    child = spawn(command.program, command.args, {
      env: command.env ?? process.env,
      stdio: ['ignore', log, log],
      detached: true, // Ctrl-C is ours to hear; the guardian ends it if we do not
    });
  } finally {
    closeSync(log);
  }
  const pid = child.pid;
  if (pid === undefined) throw new Error(`${command.program} could not be started`);
  const key = `process ${pid}`;
  theGuardian().onCrash(key, `kill -9 ${pid}`);
  child.unref();
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => {
      theGuardian().takeBack(key);
      resolve({ code, signal });
    });
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const untilEnded = () => {
    if (!hasEnded()) child.ref();
    return ended;
  };
  return {
    name: command.name,
    pid,
    logFile: command.logFile,
    ended,
    get hasEnded() {
      return hasEnded();
    },
    untilEnded,
    async stop(signal = 'SIGKILL', patienceMs = 20_000) {
      if (hasEnded()) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await untilEnded();
      clearTimeout(timer);
    },
    async logTail(lines = 20) {
      const text = await readFile(command.logFile, 'utf8');
      return text.split('\n').slice(-lines).join('\n');
    },
  };
}
