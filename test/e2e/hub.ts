// The product as its users run it: a process of its own, known by its command line, its files and its ports only.
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiClient, type Credentials } from './api-client.ts';
import { eventually, NeverError } from './eventually.ts';
import { theGuardian } from './guardian.ts';
import { LineReader } from './line-reader.ts';

export interface HubOptions {
  /** Left out with `nodeName`: what a join has left in the data directory. */
  readonly kubeconfig?: string;
  readonly nodeName?: string;
  /** Kept over restarts; the caller makes and removes it. */
  readonly dataDir: string;
  /** Ports of an earlier run, to be found again at the same addresses. Otherwise the kernel chooses. */
  readonly ports?: Partial<HubPorts>;
  readonly extraArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Default: open, on a port of its own. */
  readonly plainPort?: 'open' | 'off';
  /** What must answer 200 on the admin port before `startHub` resolves: default `/livez`, for the cloud may be away. */
  readonly waitFor?: '/livez' | '/readyz';
  readonly timeoutMs?: number;
  /** Instead of `node src/main.ts`, e.g. a built bundle. */
  readonly program?: readonly [string, ...string[]];
}

export interface HubPorts {
  readonly api: number;
  readonly loopback: number;
  readonly admin: number;
}

export interface Hub {
  readonly pid: number;
  readonly dataDir: string;
  /** From spawn to the wanted answer on the admin port. */
  readonly startMs: number;
  readonly apiUrl: string;
  /** Who signed the certificate of `apiUrl`. */
  readonly caFile: string;
  readonly loopbackUrl: string;
  readonly adminUrl: string;
  readonly ports: HubPorts;
  /** Everything it printed, line by line. */
  readonly log: readonly string[];
  waitForLog(what: string, matches: (line: string) => boolean, timeoutMs?: number): Promise<string>;
  /** A client of the TLS port with these credentials. */
  client(credentials: Credentials): ApiClient;
  readonly loopback: ApiClient;
  readonly admin: ApiClient;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill9(): Promise<void>;
  /** SIGTERM, and SIGKILL after `patienceMs`; resolves with how it ended and how long that took. */
  terminate(patienceMs?: number): Promise<{ code: number | null; signal: NodeJS.Signals | null; ms: number }>;
}

const repository = join(import.meta.dirname, '..', '..');

export async function startHub(options: HubOptions): Promise<Hub> {
  const started = performance.now();
  const [program, ...before] = options.program ?? [process.execPath, join(repository, 'src', 'main.ts')];
  const at = (port: number | undefined) => `127.0.0.1:${port ?? 0}`;
  const args = [
    'run',
    ...(options.kubeconfig === undefined ? [] : ['--kubeconfig', options.kubeconfig]),
    ...(options.nodeName === undefined ? [] : ['--node-name', options.nodeName]),
    '--data-dir',
    options.dataDir,
    // Never that of a real node on the same machine.
    '--ipam-data-dir',
    `${options.dataDir}-addresses`,
  ];
  args.push('--listen', at(options.ports?.api));
  if (options.plainPort !== 'off') args.push('--insecure-loopback', at(options.ports?.loopback));
  args.push('--admin', at(options.ports?.admin), ...(options.extraArgs ?? []));
  const child = spawn(program, [...before, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} could not be started`);
  const key = `hub ${pid}`;
  theGuardian().onCrash(key, `kill -9 ${pid}`);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => {
      theGuardian().takeBack(key);
      resolve({ code, signal });
    });
  });
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const output = new LineReader<string>([child.stdout, child.stderr], (line) => line);
  const kill9 = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const { timeoutMs = 20_000, waitFor = '/livez' } = options;
  try {
    const addresses = await eventually(
      `the hub is up and ${waitFor} answers 200`,
      async () => {
        if (hasEnded())
          throw new NeverError(
            `the hub ended with ${child.exitCode ?? child.signalCode}:\n${output.all.slice(-20).join('\n')}`,
          );
        const found = await runFile(options.dataDir, pid);
        const admin = new ApiClient({ url: `http://${found.admin}` });
        return (await admin.request('GET', waitFor, undefined, { timeoutMs: 2_000 })).status === 200 && found;
      },
      { timeoutMs, everyMs: 20 },
    );
    const apiUrl = `https://${addresses.listen[0]}`;
    const loopbackUrl = `http://${addresses.insecureLoopback}`;
    const adminUrl = `http://${addresses.admin}`;
    const caFile = join(options.dataDir, 'pki', 'ca.crt');
    return {
      pid,
      dataDir: options.dataDir,
      startMs: Math.round(performance.now() - started),
      apiUrl,
      caFile,
      loopbackUrl,
      adminUrl,
      ports: { api: portOf(apiUrl), loopback: portOf(loopbackUrl), admin: portOf(adminUrl) },
      log: output.all,
      waitForLog: (what, matches, logTimeoutMs = 30_000) => output.waitFor(what, matches, { timeoutMs: logTimeoutMs }),
      client: (credentials) => new ApiClient({ url: apiUrl, caFile, credentials }),
      loopback: new ApiClient({ url: loopbackUrl }),
      admin: new ApiClient({ url: adminUrl }),
      ended,
      kill9,
      async terminate(patienceMs = 15_000) {
        const asked = performance.now();
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
        const end = await ended;
        clearTimeout(timer);
        return { ...end, ms: Math.round(performance.now() - asked) };
      },
    };
  } catch (error) {
    await kill9();
    throw new Error(`${(error as Error).message}\n${output.all.slice(-20).join('\n')}`, { cause: error });
  }
}

interface RunFile {
  readonly pid: number;
  readonly listen: readonly string[];
  readonly insecureLoopback: string | null;
  readonly admin: string;
}

/** Where this process listens; throws while the file is missing, half written or of an earlier run. */
async function runFile(dataDir: string, pid: number): Promise<RunFile> {
  const found = JSON.parse(await readFile(join(dataDir, 'run.json'), 'utf8')) as RunFile;
  if (found.pid !== pid) throw new Error(`run.json is of process ${found.pid}`);
  return found;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}
