// `holdfast doctor`: what will go wrong when the link is cut or the node restarts without it, while there is time to mend it.
import { readFile } from 'node:fs/promises';
import type { JsonObject } from '../apimachinery/json.ts';
import type { Examination } from '../hub/doctor/doctor-source.ts';
import type { Finding } from '../hub/doctor/finding.ts';
import { type KubeletFiles, kubeletFindings } from '../hub/doctor/kubelet-findings.ts';
import { readKubeconfig } from '../hub/kubeconfig.ts';
import { askDaemon } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { doctorOptions } from './commands.ts';
import { renderFindings } from './doctor-text.ts';
import { readConfigurationFile, readOptions } from './read-options.ts';

/** Where kubeadm puts them. */
const usualConfiguration = '/var/lib/kubelet/config.yaml';
const usualKubeconfig = '/etc/kubernetes/kubelet.conf';

/** Exit code 1 when a problem was found. */
export async function doctor({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { admin, output, kubeletConfig, kubeletKubeconfig } = await readOptions(doctorOptions, flags, terminal);
  const { findings, servers } = await askDaemon<Examination>(admin, '/doctor');
  const all = [...findings, ...(await ofKubelet({ kubeletConfig, kubeletKubeconfig }, servers))];
  terminal.print(output === 'json' ? JSON.stringify({ findings: all }, null, 2) : renderFindings(all));
  return all.some(({ level }) => level === 'problem') ? 1 : 0;
}

interface Places {
  readonly kubeletConfig: string | undefined;
  readonly kubeletKubeconfig: string | undefined;
}

async function ofKubelet(
  { kubeletConfig, kubeletKubeconfig }: Places,
  servers: readonly string[],
): Promise<readonly Finding[]> {
  const places = [
    { given: kubeletConfig, usual: usualConfiguration, flag: '--kubelet-config' },
    { given: kubeletKubeconfig, usual: usualKubeconfig, flag: '--kubelet-kubeconfig' },
  ];
  const missing: Finding[] = [];
  for (const { given, usual, flag } of places) {
    if (given === undefined && !(await isReadable(usual))) missing.push(unread(usual, flag));
  }
  if (missing.length > 0) return missing;
  const files = await readFiles(kubeletConfig ?? usualConfiguration, kubeletKubeconfig ?? usualKubeconfig);
  return kubeletFindings(files, servers);
}

/** @throws UsageError, KubeconfigError */
async function readFiles(configuration: string, kubeconfig: string): Promise<KubeletFiles> {
  const { content } = await readConfigurationFile(configuration, '--kubelet-config');
  const { server } = await readKubeconfig(await readFile(kubeconfig, 'utf8'), kubeconfig);
  return {
    configuration: { path: configuration, document: content as JsonObject },
    kubeconfig: { path: kubeconfig, server },
  };
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
    says: "kubelet's own settings were not looked at: there is no such file here.",
    advice: `Say with ${flag} FILE where it is.`,
  };
}
