// The real programs the end-to-end tests run: where each comes from and where its build is kept.
// Promise: a path names exactly one content. Kubernetes and etcd are keyed by their version, our own Go programs by their
// sources, so a stale binary is never used and a rebuilt one never replaces another.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'kubectl'
  | 'kubectl-1.32'
  | 'informer'
  | 'typed-client'
  | 'conformance'
  | 'coredns'
  | 'pod-program'
  | 'host-local';

export interface Recipe {
  readonly name: BinaryName;
  /** Directory of the Go module that pins what is built. */
  readonly moduleDirectory: string;
  readonly goPackage: string;
  readonly version: string;
  readonly linkerFlags: string;
  /** Where the finished program is. */
  readonly path: string;
}

/** What every run of the end-to-end tests needs. The other names are built when a test asks for them. */
export const usualBinaries: readonly BinaryName[] = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kubectl',
  'informer',
  'kubelet',
  'kube-scheduler',
  'kube-proxy',
  'pod-program',
  'coredns',
];

export const binaryNames: readonly BinaryName[] = [
  ...usualBinaries,
  'kubectl-1.32',
  'typed-client',
  'conformance',
  'host-local',
];

/** HOLDFAST_E2E_BIN, else `holdfast-e2e` in the user's cache directory: always outside the checkout. */
export function binariesDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.HOLDFAST_E2E_BIN || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'holdfast-e2e');
}

export function recipeOf(name: BinaryName, root: string = binariesDirectory()): Recipe {
  const source = sources[name];
  const moduleDirectory = join(import.meta.dirname, source.module);
  const version = source.requires
    ? requiredVersion(join(moduleDirectory, 'go.mod'), source.requires)
    : contentHash(moduleDirectory);
  return {
    name,
    moduleDirectory,
    goPackage: source.goPackage,
    version,
    linkerFlags: source.stampsVersion ? `-s -w ${versionStamps(version)}` : '-s -w',
    path: join(root, version, name),
  };
}

/** The `go` line of a module: the oldest Go that can build it, e.g. `1.25.0`. */
export function requiredGo(moduleDirectory: string): string {
  const line = /^go (\S+)$/m.exec(readFileSync(join(moduleDirectory, 'go.mod'), 'utf8'));
  if (!line?.[1]) throw new Error(`${moduleDirectory}/go.mod has no go line`);
  return line[1];
}

interface Source {
  readonly module: string;
  readonly goPackage: string;
  readonly requires?: string;
  readonly stampsVersion?: true;
}

const kubernetes = (module: string, command: string): Source => ({
  module,
  goPackage: `k8s.io/kubernetes/cmd/${command}`,
  requires: 'k8s.io/kubernetes',
  stampsVersion: true,
});

const sources: Record<BinaryName, Source> = {
  etcd: { module: 'etcd', goPackage: 'go.etcd.io/etcd/server/v3', requires: 'go.etcd.io/etcd/server/v3' },
  'kube-apiserver': kubernetes('kubernetes', 'kube-apiserver'),
  'kube-controller-manager': kubernetes('kubernetes', 'kube-controller-manager'),
  'kube-scheduler': kubernetes('kubernetes', 'kube-scheduler'),
  kubelet: kubernetes('kubernetes', 'kubelet'),
  'kube-proxy': kubernetes('kubernetes', 'kube-proxy'),
  kubectl: kubernetes('kubernetes', 'kubectl'),
  'kubectl-1.32': kubernetes('kubectl-1.32', 'kubectl'),
  informer: { module: 'informer', goPackage: '.' },
  'typed-client': { module: 'typed-client', goPackage: '.' },
  conformance: { module: 'conformance', goPackage: '.' },
  coredns: { module: 'coredns', goPackage: '.' },
  'pod-program': { module: 'node/pod-program', goPackage: '.' },
  'host-local': {
    module: 'host-local',
    goPackage: 'github.com/containernetworking/plugins/plugins/ipam/host-local',
    requires: 'github.com/containernetworking/plugins',
  },
};

/** component-base is what /version says, client-go is the User-Agent; without the second every client is `v0.0.0`. */
function versionStamps(version: string): string {
  const [major = '', minor = ''] = version.replace(/^v/, '').split('.');
  const base = 'k8s.io/component-base/version';
  const stamps = [`${base}.gitVersion=${version}`, `${base}.gitMajor=${major}`, `${base}.gitMinor=${minor}`];
  return [...stamps, `k8s.io/client-go/pkg/version.gitVersion=${version}`].map((stamp) => `-X ${stamp}`).join(' ');
}

function requiredVersion(goMod: string, module: string): string {
  for (const line of readFileSync(goMod, 'utf8').split('\n')) {
    const [first, second, third] = line.trim().split(/\s+/);
    if (first === 'require' && second === module && third) return third;
    if (first === module && second?.startsWith('v')) return second;
  }
  throw new Error(`${goMod} does not require ${module}`);
}

function contentHash(directory: string): string {
  const hash = createHash('sha256');
  const files = readdirSync(directory).filter((file) => /\.go$|^go\.(mod|sum)$/.test(file));
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(directory, file)));
  return `sources-${hash.digest('hex').slice(0, 12)}`;
}
