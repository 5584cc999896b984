// `holdfast doctor`: what will go wrong when the link is cut or the node restarts without it, while there is time to mend it.
import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../apimachinery/json.ts';
import type { Examination } from '../hub/doctor/doctor-source.ts';
import type { Finding } from '../hub/doctor/finding.ts';
import { configurationFindings, kubeconfigFindings } from '../hub/doctor/kubelet-findings.ts';
import { readKubeconfig } from '../hub/kubeconfig.ts';
import { askDaemon } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { doctorOptions } from './commands.ts';
import { renderFindings } from './doctor-text.ts';
import { findIpamIfUsed } from './ipam/doctor.ts';
import { readConfigurationFile, readOptions } from './read-options.ts';

/** Where kubeadm puts them. */
const usualConfiguration = '/var/lib/kubelet/config.yaml';
const usualKubeconfig = '/etc/kubernetes/kubelet.conf';

/** Exit code 1 when a problem was found. */
export async function doctor({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const config = await readOptions(doctorOptions, flags, terminal);
  const { admin, output, kubeletConfig, kubeletKubeconfig } = config;
  const { findings, servers } = await askDaemon<Examination>(admin, '/doctor');
  const all = [
    ...findings,
    ...(await ofKubelet({ kubeletConfig, kubeletKubeconfig }, servers)),
    ...(await findIpamIfUsed(config, terminal)),
  ];
  terminal.print(output === 'json' ? JSON.stringify({ findings: all }, null, 2) : renderFindings(all));
  return all.some(({ level }) => level === 'problem') ? 1 : 0;
}

interface Places {
  readonly kubeletConfig: string | undefined;
  readonly kubeletKubeconfig: string | undefined;
}

/** Each file for itself: where one is missing, the other may still hold a problem. @throws UsageError, KubeconfigError */
async function ofKubelet(
  { kubeletConfig, kubeletKubeconfig }: Places,
  servers: readonly string[],
): Promise<readonly Finding[]> {
  return [
    ...(await ofFile(kubeletConfig, usualConfiguration, '--kubelet-config', async (path) => {
      const { content } = await readConfigurationFile(path, '--kubelet-config');
      return configurationFindings({ path, document: content as JsonObject });
    })),
    ...(await ofFile(kubeletKubeconfig, usualKubeconfig, '--kubelet-kubeconfig', async (path) => {
      const { server } = await readKubeconfig(await readFile(path, 'utf8'), path);
      return kubeconfigFindings({ path, server }, servers);
    })),
  ];
}

async function ofFile(
  given: string | undefined,
  usual: string,
  flag: string,
  look: (path: string) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (given === undefined && !(await isReadable(usual))) return [unread(usual, flag)];
  return look(given ?? usual);
}

async function isReadable(path: string): Promise<boolean> {
  try {
    await readFile(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function unread(path: string, flag: string): Finding {
  return {
    check: 'kubelet-settings',
    level: 'note',
    subject: path,
    says: 'This file of kubelet was not looked at: it is not there.',
    advice: `Say with ${flag} FILE where it is.`,
  };
}
