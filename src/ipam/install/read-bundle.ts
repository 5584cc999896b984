// The plugin's own code, as the build has made it.
import { readFileSync } from 'node:fs';
import { InstallError } from './install-error.ts';

/** @throws InstallError when there is none: it comes with every build */
export const readBundle = (path: string): Buffer => {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new InstallError(
      'HOLDFAST_IPAM_NOT_BUILT',
      `there is no ${path}, the plugin itself; in a checkout run \`npm run build\` first, else install the package again`,
      { cause },
    );
  }
};
