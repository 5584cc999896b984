// Plays one call to host-local's real binary and to ours, each on a data directory of its own under the same path, and
// looks at what is there afterwards.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { diskAccess } from '../../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../../src/ipam/directory/machine-facts.ts';
import { createVerbs } from '../../../src/ipam/directory/verbs.ts';
import { isOwnNetns } from '../../../src/ipam/own-netns.ts';
import { runPlugin } from '../../../src/ipam/plugin.ts';

export interface Call {
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export interface Said {
  readonly stdout: string;
  readonly exitCode: number | null;
}

export interface Played {
  readonly said: readonly Said[];
  /** What the network directories hold, by path below the data directory. */
  readonly files: Readonly<Record<string, string>>;
}

/** Everything about one comparison happens below it; `data` is the data directory of whoever plays. */
export interface Stage {
  readonly root: string;
  readonly data: string;
}

export type Player = (call: Call) => Said;

export const hostLocal =
  (binary: string): Player =>
  ({ environment, stdin }) => {
    const { stdout, status, error } = spawnSync(binary, [], { env: environment, input: stdin });
    // It may end without having read all, or any, of what it is given.
    if (error !== undefined && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    return { stdout: stdout.toString(), exitCode: status };
  };

export const holdfastIpam: Player = ({ environment, stdin }) => {
  const say = (line: string): never => {
    throw new Error(line);
  };
  const { stdout, exitCode } = runPlugin({
    environment,
    readStdin: () => Buffer.from(stdin),
    readFile: (path) => readFileSync(path, 'utf8'),
    isOwnNetns,
    forgetNeighbours: () => {},
    verbs: createVerbs(diskAccess(() => machineFacts(), say)),
    version: '0.0.0',
  });
  return { stdout, exitCode };
};

/** The data directory is new, and is gone afterwards. */
export const play = ({ root, data }: Stage, player: Player, calls: readonly Call[]): Played => {
  mkdirSync(data);
  try {
    return { said: calls.map(player), files: filesBelow(data, '') };
  } finally {
    const gone = join(root, 'gone');
    renameSync(data, gone);
    rmSync(gone, { recursive: true });
  }
};

/** Without what only one of the two keeps. */
const filesBelow = (directory: string, prefix: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { withFileTypes: true })
      .filter(({ name }) => name !== '.retain')
      .toSorted((one, other) => (one.name < other.name ? -1 : 1))
      .flatMap((entry) => {
        const path = join(directory, entry.name);
        if (entry.isDirectory()) return Object.entries(filesBelow(path, `${prefix}${entry.name}/`));
        return [[`${prefix}${entry.name}`, readFileSync(path, 'latin1')]];
      }),
  );
