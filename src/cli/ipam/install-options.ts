// Options of `holdfast ipam install` and `holdfast ipam uninstall`.
import { type OptionTable, optional, repeated, switchOption } from '../../hub/option.ts';
import { directory, name, path } from '../../hub/option-types.ts';
import { outputOptions } from '../output-options.ts';
import { cniPlaces } from './ipam-options.ts';

const section = 'Addresses';

const binDirs = repeated(directory, ['/opt/cni/bin'], {
  flag: 'cni-bin-dir',
  section,
  help: 'Where the container runtime looks for CNI plugins; of several, first the one for the plugin.',
  alsoIn: [],
});

const dryRun = switchOption({ flag: 'dry-run', section, help: 'Show what would be changed, and change nothing.' });

export const installOptions = {
  confDir: cniPlaces.confDir,
  binDirs,
  network: optional(name, {
    flag: 'network',
    section,
    help: 'The network whose addresses shall be kept, by its name or its file. Needed where several take theirs from host-local.',
    alsoIn: [],
  }),
  all: switchOption({ flag: 'all', section, help: 'Every network that takes its addresses from host-local.' }),
  node: optional(path, {
    flag: 'node',
    section,
    help: 'The Node 24 or later that is to run the plugin, by its path on the host. Without this: the one that runs this command.',
    alsoIn: [],
  }),
  copyNode: switchOption({
    flag: 'copy-node',
    section,
    help: 'Put a copy of the Node that runs this command beside the plugin. For a host without one, from inside a container.',
  }),
  dryRun,
  ...outputOptions,
} satisfies OptionTable;

export const uninstallOptions = {
  ...cniPlaces,
  binDirs,
  dryRun,
  force: switchOption({
    flag: 'force',
    section,
    help: 'Remove the plugin also while attachments are left that were made with it; their pods may then not end.',
  }),
  ...outputOptions,
} satisfies OptionTable;
