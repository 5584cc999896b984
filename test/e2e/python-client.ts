// The Python client of the Kubernetes project (python-client/client.py), in an environment that is kept with the other
// built programs, outside the checkout, under the hash of what it was made from.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { binariesDirectory } from './binaries.ts';
import { theGuardian } from './guardian.ts';
import { LineReader } from './line-reader.ts';
import { whileLocked } from './lock.ts';

/** As in Python's `V1ConfigMap`. */
export interface SeenConfigMap {
  readonly name: string;
  readonly version: string;
  readonly data: Readonly<Record<string, string>> | null;
}

export interface PythonAnswer {
  /** What the call returned; null when it raised. */
  readonly answer: unknown;
  /** Of an `ApiException`. */
  readonly status?: number;
  readonly body?: { readonly reason: string; readonly message: string };
  /** Any other exception. */
  readonly error?: string;
}

type PythonEvent = SeenConfigMap & {
  readonly event: 'ADDED' | 'MODIFIED' | 'DELETED' | 'end';
  readonly error?: string;
};

export interface PythonClient {
  /** Of its watch, in order. */
  readonly events: readonly PythonEvent[];
  heard(what: string, matches: (event: PythonEvent) => boolean, timeoutMs?: number): Promise<PythonEvent>;
  /** One call after the other. */
  call(...command: readonly unknown[]): Promise<PythonAnswer>;
  stop(): Promise<void>;
}

const sources = join(import.meta.dirname, 'python-client');

export async function startPythonClient(kubeconfig: string, namespace: string): Promise<PythonClient> {
  const python = await pythonEnvironment();
  const child = spawn(python, [join(sources, 'client.py'), kubeconfig, namespace], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const key = `python ${child.pid}`;
  theGuardian().onCrash(key, `kill -9 ${child.pid}`);
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const lines = new LineReader<PythonAnswer | PythonEvent>([child.stdout], (line) => JSON.parse(line));
  const errors = new LineReader<string>([child.stderr], (line) => line);
  let calls = 0;
  const waitFor: typeof lines.waitFor = (what, ...rest) =>
    lines.waitFor(what, ...rest).catch((cause: Error) => {
      throw new Error(`${cause.message}; Python said:\n${errors.all.slice(-10).join('\n')}`, { cause });
    });
  const events = () => lines.all.filter((line): line is PythonEvent => 'event' in line);
  return {
    get events() {
      return events();
    },
    heard: (what, matches, timeoutMs = 30_000) =>
      waitFor(what, (line) => 'event' in line && matches(line), { timeoutMs }) as Promise<PythonEvent>,
    async call(...command) {
      calls += 1;
      const number = calls;
      child.stdin.write(`${JSON.stringify(command)}\n`);
      let answers = 0;
      const isMine = (line: object) => 'answer' in line && ++answers === number;
      return (await waitFor(`an answer to ${command[0]}`, isMine)) as PythonAnswer;
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
      theGuardian().takeBack(key);
    },
  };
}

/** The interpreter of an environment with what requirements.txt names. */
async function pythonEnvironment(): Promise<string> {
  const requirements = join(sources, 'requirements.txt');
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const directory = join(binariesDirectory(), `python-${hash}`);
  const python = join(directory, 'bin', 'python');
  const onWait = () => process.stderr.write('another process is making the Python environment; waiting for it\n');
  await whileLocked(`build ${directory}`, onWait, async () => {
    if (existsSync(python)) return;
    const unfinished = `${directory}.${process.pid}.unfinished`;
    await mkdir(dirname(directory), { recursive: true });
    try {
      await command('python3', ['-m', 'venv', unfinished]);
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
      await command(join(unfinished, 'bin', 'python'), pip);
      await rename(unfinished, directory);
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  });
  return python;
}

async function command(program: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, args);
  } catch (cause) {
    const { stdout = '', stderr = '', message } = cause as Error & { stdout?: string; stderr?: string };
    const needs =
      'The test of the Python client needs Python 3 with venv and pip (Debian: python3-venv), and an index of packages.';
    throw new Error(`${needs}\n${stdout}${stderr || message}`, { cause });
  }
}
