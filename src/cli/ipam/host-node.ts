// Whether the container runtime, which starts the plugin on the host, can see the Node that runs this command: from inside
// a container it cannot, though the directory of the plugins may be the host's.
import { existsSync, statfsSync, statSync } from 'node:fs';
import { InstallError } from '../../ipam/install/install-error.ts';

export interface Surroundings {
  /** This process' own root is what container runtimes make: layers over each other, or it carries their mark. */
  readonly isContainer: boolean;
  /** The directory of the plugins is on the file system that the Node is on. */
  readonly isOneFileSystem: boolean;
}

/** Linux' number for overlayfs (linux/magic.h). */
const overlayType = 0x794c7630;

/** @param directory of plugins; one that is not there is told of later */
export function readSurroundingsOf(directory: string): Surroundings {
  const device = statSync(directory, { throwIfNoEntry: false })?.dev;
  return {
    isContainer:
      process.pid === 1 ||
      statfsSync('/').type === overlayType ||
      ['/.dockerenv', '/run/.containerenv'].some((mark) => existsSync(mark)),
    isOneFileSystem: device === undefined || device === statSync(process.execPath).dev,
  };
}

export const isNodeOfContainer = ({ isContainer, isOneFileSystem }: Surroundings): boolean =>
  isContainer && !isOneFileSystem;

/**
 * @param named a path on the host, by the operator; undefined for the Node that runs this command
 * @throws InstallError when the host would not find it
 */
export function expectNodeOnHost(named: string | undefined, binDir: string, surroundings: Surroundings): void {
  const isUnseen = isNodeOfContainer(surroundings);
  const node = named ?? process.execPath;
  if (named !== undefined && !isUnseen && !existsSync(named)) {
    throw new InstallError(
      'HOLDFAST_IPAM_NODE',
      `there is no ${named}; give --node the path of a Node, or leave it out: then the plugin runs on ${process.execPath}`,
    );
  }
  if (named !== undefined || !isUnseen) return;
  throw new InstallError(
    'HOLDFAST_IPAM_NODE',
    `this looks like a container: ${binDir} is the host's, ${node} is not, and the host is to start the plugin with it. Give --copy-node to put a copy of this Node beside the plugin, or --node PATH with the host's own (24 or later)`,
  );
}
