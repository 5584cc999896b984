// A machine of its own as far as the kernel is concerned: network, mounts and processes apart from everybody else's. None
// of it has a name outside, so nothing is left when its first process ends, and that ends with ours, however we end.
// Source: pid_namespaces(7): the end of the first process is SIGKILL for all the others, and it ends after them.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { eventually, NeverError } from '../eventually.ts';
import { type ServerCommand, type ServerProcess, startServerProcess } from '../server-process.ts';

export interface CompartmentOptions {
  readonly name: string;
  readonly logFile: string;
  /** The first process: it waits, and takes in orphans. */
  readonly init: readonly [string, ...string[]];
  /** Lines of sh, run inside before `init`, as root. */
  readonly prepare?: readonly string[];
}

export interface Compartment {
  /** Of the first process, as seen from outside. */
  readonly pid: number;
  /** A path inside, as seen from outside. */
  outside(path: string): string;
  /** A command line that runs in the compartment's network only, with our files and processes. */
  inNetwork(command: readonly string[]): [string, ...string[]];
  /** Runs to its end inside; rejects, with what it printed, when it fails. */
  run(command: readonly string[], timeoutMs?: number): Promise<string>;
  /** Runs on inside. Signals reach the program itself. */
  start(command: ServerCommand): Promise<ServerProcess>;
  /** SIGKILL for everything inside; resolves when nothing of it is left. */
  powerOff(): Promise<void>;
}

/** What programs inside know of their surroundings: nothing of the test's. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C' };

export async function startCompartment(options: CompartmentOptions): Promise<Compartment> {
  const ready = `${options.name} is prepared`;
  const script = ['set -eu', ...(options.prepare ?? []), `echo ${JSON.stringify(ready)}`, 'exec "$@"'].join('\n');
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const holder = startServerProcess({
    name: options.name,
    program: 'unshare',
    args: [...namespaces, '--', 'sh', '-c', script, 'sh', ...options.init],
    logFile: options.logFile,
    env: environment,
  });
  const pid = await childOf(holder);
  await eventually(
    ready,
    async () => {
      if (holder.hasEnded) throw new NeverError(`${options.name} ended: ${await holder.logTail()}`);
      return readFileSync(options.logFile, 'utf8').includes(ready);
    },
    { everyMs: 5 },
  );
  const enter = (command: readonly string[]) => ['-t', `${pid}`, '--net', '--mount', '--pid', '--', ...command];
  return {
    pid,
    outside: (path) => `/proc/${pid}/root${path}`,
    inNetwork: (command) => ['nsenter', '-t', `${pid}`, '--net', '--', ...command],
    async run(command, timeoutMs = 30_000) {
      const options = { env: environment, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 64 << 20 } as const;
      return (await promisify(execFile)('nsenter', enter(command), options)).stdout;
    },
    async start(command) {
      const args = enter([command.program, ...command.args]);
      const env = { ...environment, ...command.env };
      const entering = startServerProcess({ ...command, program: 'nsenter', args, env });
      const program = await childOf(entering);
      return {
        ...entering,
        pid: program,
        get hasEnded() {
          return entering.hasEnded;
        },
        async stop(signal = 'SIGKILL', patienceMs = 20_000) {
          if (entering.hasEnded) return;
          process.kill(program, signal);
          const timer = setTimeout(() => process.kill(program, 'SIGKILL'), patienceMs);
          await entering.untilEnded();
          clearTimeout(timer);
        },
      };
    },
    async powerOff() {
      if (holder.hasEnded) return;
      process.kill(pid, 'SIGKILL');
      await holder.untilEnded();
    },
  };
}

/** Who enters a pid namespace does so with a child, and stays behind to wait for it. */
function childOf(parent: ServerProcess): Promise<number> {
  return eventually(
    `${parent.name} runs`,
    async () => {
      if (parent.hasEnded) throw new NeverError(`${parent.name} ended: ${await parent.logTail()}`);
      return readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
        .find((pid) => parentOf(pid) === parent.pid);
    },
    { everyMs: 2 },
  );
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended meanwhile
  }
}
