// `holdfast join`: turns a machine into a node of a cluster, from a bootstrap token or from what kubelet has now.
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../apimachinery/clock.ts';
import { readAuthorities } from '../hub/client-certificate.ts';
import { bootstrapTokenText } from '../hub/enrolment/bootstrap-token.ts';
import { checkPlaces } from '../hub/enrolment/check-places.ts';
import { discoverAuthority } from '../hub/enrolment/discover-authority.ts';
import type { EnrolDependencies } from '../hub/enrolment/enrol.ts';
import { contactByKubeconfig, contactByKubeletConf, type FirstContact } from '../hub/enrolment/first-contact.ts';
import { join, joinState, pointKubelet } from '../hub/enrolment/join.ts';
import { JoinError } from '../hub/enrolment/join-error.ts';
import { joinedNode } from '../hub/enrolment/joined-node.ts';
import { enrolmentKubeconfig } from '../hub/enrolment/upstream-kubeconfig.ts';
import type { ValuesOf } from '../hub/option.ts';
import { formatHostPort, nodeName as nodeNameType } from '../hub/option-types.ts';
import { options } from '../hub/options.ts';
import { UsageError } from '../hub/parse-options.ts';
import type { Invocation, Terminal } from './command.ts';
import { joinOptions } from './join-options.ts';
import { joinedText } from './join-text.ts';
import { readOptions } from './read-options.ts';
import { restartKubelet } from './restart-kubelet.ts';
import { untilSignalled } from './until-signalled.ts';

type JoinConfig = ValuesOf<typeof joinOptions>;

export async function joinCluster({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const config = await readOptions(joinOptions, flags, terminal);
  checkJoin(config);
  return untilSignalled((signal) => runJoin(config, terminal, signal), terminal);
}

async function runJoin(config: JoinConfig, terminal: Terminal, signal: AbortSignal): Promise<void> {
  const { dataDir, listen } = config;
  const kubeletConf = config.keepKubeletConf
    ? undefined
    : (config.kubeletConf ?? config.fromKubeletConf ?? '/etc/kubernetes/kubelet.conf');
  const wallClock = () => terminal.now().getTime();
  const state = await joinState(dataDir, kubeletConf);
  if (state.kind !== 'not-joined' && !config.replaceIdentity) {
    const { nodeName, groups, notAfterMs } = await joinedNode(dataDir);
    if (config.nodeName !== undefined && config.nodeName !== nodeName) {
      throw new JoinError(
        'HOLDFAST_JOIN_OTHER_NAME',
        `this machine is the node ${nodeName} already, and --node-name says ${config.nodeName}: leave --node-name out, or \`holdfast leave\` first`,
      );
    }
    if (state.kind === 'unfinished') {
      await pointKubelet({ dataDir, nodeName, groups, listen, kubeletConf, wallClock });
      terminal.print(
        `This machine had joined as the node ${nodeName}, all but kubelet's kubeconfig; now ${kubeletConf} leads to the hub.`,
      );
      if (config.restartKubelet) await restartKubelet(terminal);
      return;
    }
    terminal.print(
      `This machine is the node ${nodeName} already, with a certificate until ${new Date(notAfterMs).toISOString()}. Nothing was changed; --replace-identity joins anew, holdfast leave undoes it.`,
    );
    if (state.elsewhere !== undefined) {
      terminal.print(
        `It was joined with ${state.elsewhere} as kubelet's kubeconfig, not ${kubeletConf}: if kubelet reads the latter, holdfast leave, then join with --kubelet-conf ${kubeletConf}.`,
      );
    }
    return;
  }
  await checkPlaces({ dataDir, kubeletConf });
  const dependencies: EnrolDependencies = {
    signal,
    approvalTimeoutMs: config.approvalTimeoutMs,
    clock: systemClock,
    wallClock,
    sleep: (ms, ending) => delay(ms, undefined, { signal: ending }),
    environment: terminal.environment,
    onPending: (name) =>
      terminal.complain(
        `The request ${name} waits to be approved: where nothing approves it by itself, \`kubectl certificate approve ${name}\` does.`,
      ),
  };
  const contact = await contactOf(config, dependencies);
  for (const warning of warningsAbout(config)) terminal.complain(warning);
  const enrolment = config.enrolmentKubeconfig && (await contactByKubeconfig(config.enrolmentKubeconfig));
  const nodeName =
    config.nodeName ??
    contact.nodeName ??
    nodeNameType.parse(terminal.surroundings.hostName.toLowerCase(), terminal.surroundings);
  const joined = await join(
    {
      dataDir,
      nodeName,
      contact,
      enrolment: enrolment && enrolmentKubeconfig(enrolment.place, enrolment.credential),
      kubeletConf,
      listen,
      machineId: await machineId(),
    },
    dependencies,
  );
  terminal.print(
    joinedText(joined, {
      dataDir,
      kubeletConf,
      keepsToken: enrolment === undefined,
      settings: settingsOf(config, terminal),
    }),
  );
  if (config.restartKubelet) await restartKubelet(terminal);
}

/** @throws UsageError for settings that contradict each other or do not suffice */
function checkJoin(config: JoinConfig): void {
  const problems: string[] = [];
  const ways = [
    config.token && '--token',
    config.bootstrapKubeconfig && '--bootstrap-kubeconfig',
    config.fromKubeletConf && '--from-kubelet-conf',
  ].filter((way) => way !== undefined);
  if (ways.length !== 1) {
    problems.push(
      `say how to join: one of --token (with --server and --ca-hash), --bootstrap-kubeconfig and --from-kubelet-conf${ways.length > 1 ? `, not ${ways.join(' and ')}` : ''}`,
    );
  }
  const trusts = [
    config.caHashes.length > 0 && '--ca-hash',
    config.caFile !== undefined && '--ca-file',
    config.insecureUnpinnedCa && '--insecure-unpinned-ca',
  ].filter((trust) => trust !== false);
  if (config.token !== undefined) {
    if (config.servers.length === 0) problems.push('--token: needs the address of a kube-apiserver; give --server URL');
    if (trusts.length !== 1) {
      problems.push(
        `--token: say how the cluster is known: one of --ca-hash, --ca-file and --insecure-unpinned-ca${trusts.length > 1 ? `, not ${trusts.join(' and ')}` : ''}`,
      );
    }
    if (config.servers.some((server) => server.startsWith('http:'))) {
      problems.push('--server: a cluster is joined by https only');
    }
  } else if (trusts.length > 0)
    problems.push(`${trusts.join(', ')}: only with --token; a kubeconfig says itself whom to trust`);
  if (config.listen.length === 0) problems.push('--listen: without an address kubelet cannot reach the hub');
  if (problems.length > 0) throw new UsageError(problems);
}

function warningsAbout({ insecureUnpinnedCa }: JoinConfig): string[] {
  return insecureUnpinnedCa
    ? [
        'Warning: the CA is not pinned (--insecure-unpinned-ca): any machine that holds this token, and stands between here and the cluster, could have given its own.',
      ]
    : [];
}

async function contactOf(
  config: JoinConfig,
  { clock, wallClock, environment, signal }: EnrolDependencies,
): Promise<FirstContact> {
  const { token, servers, caFile, insecureUnpinnedCa, caHashes } = config;
  if (config.bootstrapKubeconfig !== undefined) return contactByKubeconfig(config.bootstrapKubeconfig);
  if (config.fromKubeletConf !== undefined) {
    return contactByKubeletConf(config.fromKubeletConf, config.yurtHubDirectory, wallClock());
  }
  const authority =
    caFile === undefined
      ? await discoverAuthority({
          servers,
          token: token!,
          pins: insecureUnpinnedCa ? undefined : caHashes,
          clock,
          wallClock,
          proxyVariables: environment,
          signal,
        })
      : await authorityFrom(caFile);
  return {
    place: { server: servers[0]!, authority },
    credential: { token: bootstrapTokenText(token!) },
    nodeName: undefined,
    enrolment: undefined,
    source: '--token',
  };
}

async function authorityFrom(file: string): Promise<Buffer> {
  const bytes = await readFile(file);
  try {
    readAuthorities(bytes);
  } catch (error) {
    throw new UsageError([`--ca-file: ${file} ${(error as Error).message}`]);
  }
  return bytes;
}

/** What the hub has to be told, too: what differs from where it would be by itself. */
function settingsOf({ listen, dataDir }: JoinConfig, { surroundings }: Terminal): string[] {
  const usual = options.listen.read(undefined, surroundings).map(formatHostPort);
  const ports = listen.map(formatHostPort).join(',');
  return [
    ...(ports === usual.join(',') ? [] : [`HOLDFAST_LISTEN=${ports}`]),
    ...(dataDir === options.dataDir.read(undefined, surroundings) ? [] : [`HOLDFAST_DATA_DIR=${dataDir}`]),
  ];
}

async function machineId(): Promise<string | undefined> {
  try {
    return (await readFile('/etc/machine-id', 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
