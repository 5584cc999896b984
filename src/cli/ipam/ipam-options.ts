// Options of the `holdfast ipam` commands that look at the directory of kept addresses, or change it.
import { type OptionTable, optional, repeated, switchOption, withDefault } from '../../hub/option.ts';
import { directory, name } from '../../hub/option-types.ts';
import { options } from '../../hub/options.ts';
import { outputOptions } from '../output-options.ts';
import { moment } from './moment.ts';

const section = 'Addresses';

export const cniPlaces = {
  confDir: withDefault(directory, '/etc/cni/net.d', {
    flag: 'cni-conf-dir',
    section,
    help: 'Where the container runtime reads its CNI configurations.',
    alsoIn: [],
  }),
  stateDir: withDefault(directory, '/var/lib/cni', {
    flag: 'cni-state-dir',
    section,
    help: 'Where container runtimes and plugins remember attachments.',
    alsoIn: [],
  }),
} satisfies OptionTable;

const network = optional(name, {
  flag: 'network',
  section,
  help: 'Only the network of this name.',
  alsoIn: [],
});

/** Of every command that works on the directory. */
export const directoryOptions = {
  ...cniPlaces,
  dataDirs: repeated(directory, [], {
    flag: 'ipam-data-dir',
    section,
    help: 'The dataDir of the networks. Without this: those of the CNI configurations, and /var/lib/cni/networks.',
    alsoIn: [],
  }),
  network,
  ...outputOptions,
} satisfies OptionTable;

export const lsOptions = {
  ...directoryOptions,
  leaked: switchOption({
    flag: 'leaked',
    section,
    help: 'Only those whose file is there and whose sandbox is gone or unknown.',
  }),
  parked: switchOption({ flag: 'parked', section, help: 'Only those that nobody has and that are kept.' }),
} satisfies OptionTable;

export const releaseOptions = {
  ...directoryOptions,
  force: switchOption({
    flag: 'force',
    section,
    help: 'Also an address that a sandbox holds. If the sandbox is there, two pods may then have one address.',
  }),
  yes: switchOption({ flag: 'yes', section, help: 'Do not ask. Needed where no person sits at a terminal.' }),
} satisfies OptionTable;

export const importOptions = {
  ...directoryOptions,
  dryRun: switchOption({ flag: 'dry-run', section, help: 'Say what would be put on record, and change nothing.' }),
} satisfies OptionTable;

export const auditOptions = {
  ...directoryOptions,
  at: optional(moment, {
    flag: 'at',
    section,
    help: 'Who had it then. A day (2026-11-17) means any time of that day.',
    alsoIn: [],
  }),
  since: optional(moment, { flag: 'since', section, help: 'Only from then on.', alsoIn: [] }),
} satisfies OptionTable;

export const ipamDoctorOptions = {
  config: options.config,
  admin: options.admin,
  ...directoryOptions,
  binDirs: repeated(directory, ['/opt/cni/bin'], {
    flag: 'cni-bin-dir',
    section,
    help: 'Where the container runtime looks for CNI plugins, in its order.',
    alsoIn: [],
  }),
} satisfies OptionTable;
