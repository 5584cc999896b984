// What names and addresses the hub's serving certificate is valid for. Pure: two runs with the same wishes give the
// same list, so a difference always means that somebody wants something else.
import { isIP, isIPv6 } from 'node:net';

/** Names under which pods and tools know an apiserver; a client that is only redirected here still verifies. */
const apiserverNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
] as const;

const everyAddress: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export interface ServingNames {
  /** Hosts the hub listens on. `0.0.0.0` and `::` stand for every address of `localAddresses`. */
  readonly listenHosts: readonly string[];
  /** Further names and addresses somebody asked for. */
  readonly extraNames: readonly string[];
  /** The machine's own addresses now; only looked at when the hub listens on all of them. */
  readonly localAddresses: readonly string[];
}

/** DNS names lower-case, addresses in their canonical form, each once, sorted. */
export function subjectAlternativeNames(wanted: ServingNames): readonly string[] {
  const listensEverywhere = wanted.listenHosts.some((host) => everyAddress.has(host));
  const hosts = [
    ...apiserverNames,
    '127.0.0.1',
    '::1',
    ...wanted.listenHosts.filter((host) => !everyAddress.has(host)),
    ...(listensEverywhere ? wanted.localAddresses : []),
    ...wanted.extraNames,
  ];
  return [...new Set(hosts.map(canonicalName))].sort();
}

/** One spelling for each name: `0:0:0:0:0:0:0:1` and `::1` are the same address; a zone is not part of one. */
export function canonicalName(name: string): string {
  const bare = name.replace(/%.*$/, '');
  if (isIPv6(bare)) return new URL(`http://[${bare}]`).hostname.slice(1, -1);
  return bare.toLowerCase();
}

/** The 4 or 16 bytes of an address, or undefined for a name. */
export function addressBytes(name: string): Buffer | undefined {
  const family = isIP(name);
  if (family === 0) return undefined;
  if (family === 4) return Buffer.from(name.split('.').map(Number));
  const [head, tail] = canonicalName(name).split('::') as [string, string | undefined];
  const groups = (text: string | undefined) => (text === undefined || text === '' ? [] : text.split(':'));
  const left = groups(head);
  const right = groups(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** Reads what Node prints for a certificate's SAN extension (`DNS:a, IP Address:::1`), in our spelling, sorted. */
export function parseSubjectAltName(text: string | undefined): readonly string[] {
  const names = (text ?? '').split(', ').flatMap((entry) => {
    const match = /^(?:DNS|IP Address):(.*)$/.exec(entry);
    return match === null ? [] : [canonicalName(match[1]!)];
  });
  return [...new Set(names)].sort();
}
