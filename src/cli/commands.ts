// The subcommands of `holdfast`, in the order the help shows them. To add one, add an entry.

import { type OptionTable, optional, switchOption, withDefault } from '../hub/option.ts';
import { choice, path } from '../hub/option-types.ts';
import { options } from '../hub/options.ts';
import type { Command } from './command.ts';
import { ipamCommands } from './ipam/ipam-commands.ts';
import { ipamDoctorOptions } from './ipam/ipam-options.ts';
import { joinOptions, leaveOptions } from './join-options.ts';
import { outputOptions } from './output-options.ts';

const { config, admin, dataDir, listen, insecureLoopback, logLevel } = options;

/** Whoever looks at the demo is a person. */
const logFormat = withDefault(choice('json', 'text'), 'text', {
  flag: 'log-format',
  section: 'Logs',
  help: options.logFormat.help,
});

export const askingOptions = { config, admin, ...outputOptions } satisfies OptionTable;
/** Of the commands that show or change something only the daemon's user may: its token stands in the data directory. */
export const tokenOptions = { config, admin, dataDir, ...outputOptions } satisfies OptionTable;
export const retryOptions = {
  ...tokenOptions,
  mine: switchOption({
    flag: 'mine',
    section: 'Writes',
    help: 'What was written here stands: put it over what the cloud has now. What only the cloud changed is kept.',
  }),
} satisfies OptionTable;
export const dropOptions = {
  ...tokenOptions,
  yes: switchOption({ flag: 'yes', section: 'Writes', help: 'Do not ask. Needed where no person sits at a terminal.' }),
} satisfies OptionTable;
export const exportOptions = {
  ...tokenOptions,
  to: optional(path, {
    flag: 'to',
    section: 'Writes',
    help: 'Put the file there. It must not exist yet. Without this it stays in the data directory.',
    alsoIn: [],
  }),
} satisfies OptionTable;
export const doctorOptions = {
  ...ipamDoctorOptions,
  kubeletConfig: optional(path, {
    flag: 'kubelet-config',
    section: 'Node',
    help: "kubelet's own settings. Without this /var/lib/kubelet/config.yaml is looked at, if it is there.",
    alsoIn: [],
  }),
  kubeletKubeconfig: optional(path, {
    flag: 'kubelet-kubeconfig',
    section: 'Node',
    help: 'The kubeconfig that kubelet uses. Without this /etc/kubernetes/kubelet.conf is looked at, if it is there.',
    alsoIn: [],
  }),
} satisfies OptionTable;
export const verifyOptions = { config, dataDir, ...outputOptions } satisfies OptionTable;
export const demoOptions = { config, listen, insecureLoopback, admin, logLevel, logFormat } satisfies OptionTable;

export const commands: readonly Command[] = [
  {
    name: 'run',
    summary: 'Run the daemon of this node.',
    arguments: [],
    options,
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'join',
    summary: 'Turn this machine into a node, from a bootstrap token or from the kubeconfig that kubelet has now.',
    arguments: [],
    options: joinOptions,
    load: async () => (await import('./join.ts')).joinCluster,
  },
  {
    name: 'leave',
    summary: 'Put back what was on this machine before it joined, byte for byte.',
    arguments: [],
    options: leaveOptions,
    load: async () => (await import('./leave.ts')).leaveCluster,
  },
  {
    name: 'demo',
    summary: 'Show what it does on an embedded control plane; needs no cluster, leaves nothing behind.',
    arguments: [],
    options: demoOptions,
    load: async () => (await import('./demo.ts')).demo,
  },
  {
    name: 'start',
    summary: 'Run the daemon when a cluster is given, else the demo. This is what `npm start` does.',
    arguments: [],
    options,
    load: async () => (await import('./start.ts')).start,
  },
  {
    name: 'status',
    summary: 'Say how the daemon of this node is: link, scopes, watchers, disk, memory.',
    arguments: [],
    options: askingOptions,
    load: async () => (await import('./status.ts')).status,
  },
  {
    name: 'doctor',
    summary: 'Look for what will go wrong when the link is cut, or the node restarts without it, and say what to do.',
    arguments: [],
    options: doctorOptions,
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'cache list',
    summary: 'List the scopes that the running daemon knows, and whether each is complete.',
    arguments: [],
    options: askingOptions,
    load: async () => (await import('./cache-list.ts')).cacheList,
  },
  {
    name: 'cache get',
    summary: 'Print one object as the running daemon holds it, e.g. cache get pods default/web. Secrets are redacted.',
    arguments: ['RESOURCE', '[NAMESPACE/]NAME'],
    options: askingOptions,
    load: async () => (await import('./cache-get.ts')).cacheGet,
  },
  {
    name: 'cache verify',
    summary: 'Check every record on disk. The daemon must be stopped.',
    arguments: [],
    options: verifyOptions,
    load: async () => (await import('./cache-verify.ts')).cacheVerify,
  },
  {
    name: 'outbox list',
    summary: 'List the writes that wait for the cloud, and those that are parked, with the reason.',
    arguments: [],
    options: tokenOptions,
    load: async () => (await import('./outbox-list.ts')).outboxList,
  },
  {
    name: 'outbox show',
    summary: 'Show one of them: what it changed, and what the cloud had when it was parked. Secrets are redacted.',
    arguments: ['N'],
    options: tokenOptions,
    load: async () => (await import('./outbox-show.ts')).outboxShow,
  },
  {
    name: 'outbox retry',
    summary: 'Try a parked write once more, against what the cloud has now.',
    arguments: ['N|all'],
    options: retryOptions,
    load: async () => (await import('./outbox-retry.ts')).outboxRetry,
  },
  {
    name: 'outbox drop',
    summary: 'Give a parked write up: what the cloud has stands. A copy is kept in the data directory.',
    arguments: ['N|all'],
    options: dropOptions,
    load: async () => (await import('./outbox-drop.ts')).outboxDrop,
  },
  {
    name: 'outbox export',
    summary: 'Write all of them to a file, with the values of Secrets in them, readable by its owner only.',
    arguments: [],
    options: exportOptions,
    load: async () => (await import('./outbox-export.ts')).outboxExport,
  },
  ...ipamCommands,
  {
    name: 'version',
    summary: 'Print the version of Holdfast and of Node.',
    arguments: [],
    options: {},
    load: async () => (await import('./version.ts')).version,
  },
  {
    name: 'help',
    summary: 'Print this, or the help of one command.',
    arguments: ['[COMMAND]', '[SUBCOMMAND]'],
    options: {},
    load: async () => (await import('./help.ts')).help,
  },
];
