// What must hold between options, not within one: checked before anything opens. Pure.
import { leadingToHub } from './filters/filter-list.ts';
import { formatHostPort, type HostPort, isLoopback } from './option-types.ts';
import type { HubConfig } from './options.ts';
import { UsageError } from './parse-options.ts';

/**
 * @throws UsageError when the settings contradict each other, or name no cluster to work for
 */
export function checkRunnable(config: HubConfig): void {
  const problems = [...contradictions(config)];
  if (!namesCluster(config)) {
    problems.unshift(
      'no cluster is given: say --kubeconfig FILE or --server URL, or let this machine join one first: holdfast join (to look around without one: holdfast demo)',
    );
  }
  if (problems.length > 0) throw new UsageError(problems);
}

/** All TLS ports, those of `--listen` first. */
export function tlsAddresses({ nodeAddress, listen }: Pick<HubConfig, 'nodeAddress' | 'listen'>): readonly HostPort[] {
  return nodeAddress === undefined ? listen : [...listen, nodeAddress];
}

/** Where pods of this node reach the hub; undefined when they cannot. */
export function addressForPods({
  nodeAddress,
  listen,
}: Pick<HubConfig, 'nodeAddress' | 'listen'>): HostPort | undefined {
  return (
    nodeAddress ?? listen.find(({ host, port }) => port !== 0 && !isLoopback(host) && !/^(0\.0\.0\.0|::)$/.test(host))
  );
}

/** Pods are told, or kube-proxy is, that the apiserver is here. */
export function leadsPods(config: Pick<HubConfig, 'nodeAddress' | 'listen' | 'filters'>): boolean {
  if (config.nodeAddress !== undefined) return true;
  return addressForPods(config) !== undefined && config.filters.some(({ name }) => leadingToHub.includes(name));
}

/** True when the settings say which cluster this node belongs to. */
export function namesCluster(config: Pick<HubConfig, 'kubeconfig' | 'servers'>): boolean {
  return config.kubeconfig !== undefined || config.servers.length > 0;
}

/** True when they also say, or leave open on purpose, who the node is there: then what a join has left is not looked at. */
export function namesIdentity(config: HubConfig): boolean {
  const { kubeconfig, clientCertificate, tokenFile, certificateAuthority } = config;
  return [kubeconfig, clientCertificate, tokenFile, certificateAuthority].some((one) => one !== undefined);
}

function* contradictions(config: HubConfig): Generator<string> {
  if (config.clientKey !== undefined && config.clientCertificate === undefined) {
    yield '--client-key: needs its certificate; give --client-certificate too';
  }
  if (config.listen.length === 0) yield '--listen: without an address no client can reach the hub';
  const ports = [
    ...config.listen.map((address) => ({ flag: '--listen', address })),
    ...(config.nodeAddress ? [{ flag: '--node-address', address: config.nodeAddress }] : []),
    ...(config.insecureLoopback ? [{ flag: '--insecure-loopback', address: config.insecureLoopback }] : []),
    { flag: '--admin', address: config.admin },
  ].filter(({ address }) => address.port !== 0);
  const leading = config.filters.find(({ name }) => leadingToHub.includes(name));
  if (leading !== undefined && addressForPods(config) === undefined) {
    yield `--filter ${leading.name}: leads pods to the hub, but it has no address that they reach; give --node-address too, e.g. 169.254.2.1`;
  }
  const takenBy = new Map<string, string>();
  for (const { flag, address } of ports) {
    const text = formatHostPort(address);
    const other = takenBy.get(text);
    if (other !== undefined) yield `${flag}: ${text} is already taken by ${other}; every port needs its own address`;
    takenBy.set(text, flag);
  }
}
