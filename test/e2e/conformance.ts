// Kubernetes' own specs of sig-api-machinery (conformance/main.go), run against the server of a kubeconfig.
import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { binaries } from './build-binaries.ts';
import { theGuardian } from './guardian.ts';

export interface SpecResult {
  readonly name: string;
  readonly state: string;
  readonly ms: number;
  /** Why it is not `passed`. */
  readonly failure: string;
}

export interface SpecRun {
  readonly kubeconfig: string;
  readonly specs: readonly string[];
  /** For reports and what specs write. */
  readonly directory: string;
  readonly timeoutMs: number;
}

interface SpecReport {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeText: string;
  readonly LeafNodeType: string;
  readonly State: string;
  readonly RunTime: number;
  readonly Failure?: { readonly Message?: string; readonly Location?: { FileName?: string; LineNumber?: number } };
}

/** Names of all specs that the program has. */
export async function allSpecs(directory: string): Promise<string[]> {
  const reports = await ginkgo(directory, 'dry-run', ['--ginkgo.dry-run'], 60_000);
  return reports.map(nameOf).filter((name) => name.startsWith('[sig-api-machinery]'));
}

/**
 * Runs the specs: those that mind others alone, the rest in several processes. A spec of which nothing was heard, because
 * its process ended early, has the state `missing`.
 */
export async function runSpecs({ kubeconfig, specs, directory, timeoutMs }: SpecRun): Promise<SpecResult[]> {
  const { kubectl } = await binaries(['kubectl']);
  const deadline = performance.now() + timeoutMs;
  const flags = [`--kubeconfig=${kubeconfig}`, `--kubectl-path=${kubectl}`, '--dump-logs-on-failure=false'];
  const results: SpecResult[] = [];
  const run = async (label: string, names: readonly string[]) => {
    if (names.length === 0) return;
    const leftMs = Math.max(1_000, deadline - performance.now());
    const only = names.map((name) => `--ginkgo.focus=${literally(name)}$`);
    const limit = `--ginkgo.timeout=${Math.round(leftMs)}ms`;
    const reports = new Map(
      (await ginkgo(directory, label, [...flags, limit, ...only], leftMs + 60_000)).map((one) => [nameOf(one), one]),
    );
    for (const name of names) results.push(resultOf(name, reports.get(name)));
  };
  const together = specs.filter((name) => !name.includes('[Serial]'));
  const processes = 4 * availableParallelism(); // most of a spec is waiting
  const parts = Array.from({ length: processes }, (_, part) => together.filter((_name, i) => i % processes === part));
  await Promise.all(parts.map((part, i) => run(`part-${i}`, part)));
  await run(
    'serial',
    specs.filter((name) => name.includes('[Serial]')),
  );
  return results;
}

async function ginkgo(
  directory: string,
  label: string,
  flags: readonly string[],
  timeoutMs: number,
): Promise<SpecReport[]> {
  const { conformance: program } = await binaries(['conformance']);
  const report = join(directory, `${label}.json`);
  await rm(report, { force: true });
  const common = ['--ginkgo.seed=1', '--ginkgo.no-color', `--e2e-output-dir=${directory}`];
  const child = spawn(program, [...common, `--ginkgo.json-report=${report}`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: directory, TMPDIR: directory },
    detached: true,
  });
  const key = `conformance ${child.pid}`;
  theGuardian().onCrash(key, `kill -9 ${child.pid}`);
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-4_000);
    });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  theGuardian().takeBack(key);
  try {
    const [suite] = JSON.parse(await readFile(report, 'utf8')) as [{ SpecReports: SpecReport[] }];
    return suite.SpecReports.filter((one) => one.LeafNodeType === 'It');
  } catch (cause) {
    throw new Error(`the specs ended with ${code} and left no report:\n${tail}`, { cause });
  }
}

function literally(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function nameOf({ ContainerHierarchyTexts, LeafNodeText }: SpecReport): string {
  return [...(ContainerHierarchyTexts ?? []), LeafNodeText].join(' ');
}

function resultOf(name: string, report: SpecReport | undefined): SpecResult {
  if (!report) return { name, state: 'missing', ms: 0, failure: 'nothing was heard of it' };
  const { Message = '', Location } = report.Failure ?? {};
  const where = Location ? ` (${Location.FileName}:${Location.LineNumber})` : '';
  return { name, state: report.State, ms: Math.round(report.RunTime / 1e6), failure: `${Message}${where}` };
}
