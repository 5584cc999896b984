// The subcommands of `holdfast`, in the order the help shows them. To add one, add an entry.
import { choice } from '../hub/option-types.ts';
import { type OptionTable, options, withDefault } from '../hub/options.ts';
import type { Command } from './command.ts';

const { config, admin, dataDir, listen, insecureLoopback, logLevel } = options;

/** Whoever looks at the demo is a person. */
const logFormat = withDefault(choice('json', 'text'), 'text', {
  flag: 'log-format',
  section: 'Logs',
  help: options.logFormat.help,
});

/** Options of the commands that print something. */
export const outputOptions = {
  output: withDefault(choice('text', 'json'), 'text', {
    flag: 'output',
    section: 'Output',
    help: 'Text for people, or JSON for programs.',
    alsoIn: [],
  }),
} satisfies OptionTable;

export const askingOptions = { config, admin, ...outputOptions } satisfies OptionTable;
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
