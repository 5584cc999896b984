// Options of `holdfast ipam install` and `holdfast ipam uninstall`.
import { type OptionTable, optional, switchOption, withDefault } from '../../hub/option.ts';
import { directory, name } from '../../hub/option-types.ts';
import { outputOptions } from '../output-options.ts';
import { cniPlaces } from './ipam-options.ts';

const section = 'Addresses';

const binDir = withDefault(directory, '/opt/cni/bin', {
  flag: 'cni-bin-dir',
  section,
  help: 'Where the container runtime looks for CNI plugins.',
  alsoIn: [],
});

const dryRun = switchOption({ flag: 'dry-run', section, help: 'Show what would be changed, and change nothing.' });

export const installOptions = {
  confDir: cniPlaces.confDir,
  binDir,
  network: optional(name, {
    flag: 'network',
    section,
    help: 'The network whose addresses shall be kept, by its name or its file. Needed where several take theirs from host-local.',
    alsoIn: [],
  }),
  all: switchOption({ flag: 'all', section, help: 'Every network that takes its addresses from host-local.' }),
  dryRun,
  ...outputOptions,
} satisfies OptionTable;

export const uninstallOptions = {
  ...cniPlaces,
  binDir,
  dryRun,
  force: switchOption({
    flag: 'force',
    section,
    help: 'Remove the plugin also while attachments are left that were made with it; their pods may then not end.',
  }),
  ...outputOptions,
} satisfies OptionTable;
