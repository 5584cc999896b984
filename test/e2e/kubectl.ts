// kubectl as a person runs it, in a process of its own and with its own empty cache unless told otherwise.
import { spawn } from 'node:child_process';
import { theGuardian } from './guardian.ts';

export interface KubectlOptions {
  readonly program: string;
  readonly kubeconfig: string;
  /** Of discovery; one that does not exist yet makes kubectl ask for everything. */
  readonly cacheDir: string;
  readonly stdin?: string;
  /** What `kubectl edit` opens. */
  readonly editor?: string;
  /** It is sent SIGINT once its output has this. */
  readonly until?: RegExp;
  /** Hears everything it has printed so far, whenever that is more. */
  readonly onOutput?: (stdout: string) => void;
  readonly timeoutMs?: number;
}

export interface KubectlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export async function kubectl(options: KubectlOptions, ...args: readonly string[]): Promise<KubectlResult> {
  const started = performance.now();
  const { program, kubeconfig, cacheDir, timeoutMs = 30_000 } = options;
  const child = spawn(program, ['--kubeconfig', kubeconfig, '--cache-dir', cacheDir, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: cacheDir, ...(options.editor && { KUBE_EDITOR: options.editor }) },
    detached: true,
  });
  const key = `kubectl ${child.pid}`;
  theGuardian().onCrash(key, `kill -9 ${child.pid}`);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk;
    options.onOutput?.(stdout);
    if (options.until?.test(stdout)) child.kill('SIGINT');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  child.stdin.end(options.stdin);
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  theGuardian().takeBack(key);
  return { code, stdout, stderr, ms: Math.round(performance.now() - started) };
}
