// The variables that a runtime calls a plugin with, checked in the order and with the words of CNI's own plugins.
import type { Attachment, PodOfAttachment } from './attachment.ts';
import { CniError, cniErrorCode } from './cni-error.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

interface Variable {
  readonly name: string;
  readonly neededBy: readonly string[];
  readonly check?: (value: string) => void;
}

const ofAttachment = ['ADD', 'CHECK', 'DEL'];

const invalid = (message: string, details = ''): CniError =>
  new CniError(cniErrorCode.invalidEnvironment, message, { details });

const isName = (text: string): boolean => /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text);

const checkContainerId = (id: string): void => {
  if (!isName(id)) throw invalid('invalid characters in containerID', id);
};

const checkInterfaceName = (name: string): void => {
  const bytes = Buffer.byteLength(name);
  if (bytes > 15) throw invalid('interface name is too long', 'interface name should be less than 16 characters');
  if (name === '.' || name === '..') throw invalid('interface name is . or ..');
  if (/[/:\s\u0085]/.test(name)) throw invalid('interface name contains / or : or whitespace characters');
};

const variables: readonly Variable[] = [
  { name: 'CNI_COMMAND', neededBy: [...ofAttachment, 'GC', 'STATUS'] },
  { name: 'CNI_CONTAINERID', neededBy: ofAttachment, check: checkContainerId },
  { name: 'CNI_NETNS', neededBy: ['ADD', 'CHECK'] },
  { name: 'CNI_IFNAME', neededBy: ofAttachment, check: checkInterfaceName },
  { name: 'CNI_PATH', neededBy: [...ofAttachment, 'GC', 'STATUS'] },
];

/** @throws CniError 4 for what is missing, all in one, or for the first that is not fit */
export const checkEnvironment = (environment: Environment): void => {
  const command = environment.CNI_COMMAND ?? '';
  const missing: string[] = [];
  for (const { name, neededBy, check } of variables) {
    const value = environment[name] ?? '';
    const isNeeded = neededBy.includes(command);
    if (value !== '') {
      if (isNeeded) check?.(value);
    } else if (isNeeded || name === 'CNI_COMMAND') {
      missing.push(name);
    }
  }
  if (missing.length > 0) throw invalid(`required env variables [${missing.join(',')}] missing`);
};

/** @throws CniError 7 */
export const checkNetworkName = (name: string): void => {
  const details = name;
  if (name === '') throw new CniError(cniErrorCode.invalidNetworkConfig, 'missing network name');
  if (isName(name)) return;
  throw new CniError(cniErrorCode.invalidNetworkConfig, 'invalid characters found in network name', { details });
};

/** Of an environment that was checked. */
export const attachmentOf = (environment: Environment, pod: PodOfAttachment | undefined): Attachment => ({
  containerId: environment.CNI_CONTAINERID ?? '',
  ifname: environment.CNI_IFNAME ?? '',
  netns: environment.CNI_NETNS ?? '',
  ...(pod && { pod }),
});

/** Whether the runtime means it when it hands over the namespace that the plugin itself is in. */
export const mayBeOwnNetns = ({ CNI_NETNS_OVERRIDE: override = '' }: Environment): boolean =>
  override === '1' || override.toUpperCase() === 'TRUE';
