// One cgroup per controller below which all containers of a node are, so that they can be taken away as a whole. Both
// versions of cgroups: in the first every controller is a tree of its own, in the second there is one tree.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = '/sys/fs/cgroup';

export function makeCgroups(name: string): void {
  for (const tree of trees()) {
    const directory = join(tree, name);
    mkdirSync(directory, { recursive: true });
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      // In version 1 a new cpuset may use nothing, and no process can be put into it.
      if (tree !== root && existsSync(join(tree, file))) {
        writeFileSync(join(directory, file), readFileSync(join(tree, file)));
      }
    }
  }
}

/** A line of sh. The kernel lets go of a cgroup only some moments after its last process. */
export function removeCgroupsScript(name: string): string {
  const find = `set --; for d in ${root}/${name} ${root}/*/${name}; do [ -d "$d" ] && set -- "$@" "$d"; done`;
  const remove = 'find "$@" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1';
  return `for i in $(seq 50); do ${find}; [ $# = 0 ] && break; ${remove}; done`;
}

export function removeCgroups(name: string): void {
  execFileSync('sh', ['-c', removeCgroupsScript(name)]);
}

function trees(): string[] {
  if (existsSync(join(root, 'cgroup.controllers'))) return [root];
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter((tree) => existsSync(join(tree, 'cgroup.procs')) && !existsSync(join(tree, 'cgroup.controllers')));
}
