// What a node of the tests has mounted: its disk, its /run, and of the kernel what is the machine's and not its own.
import { join } from 'node:path';
import { shellQuote } from '../guardian.ts';
import { quietSysctls } from './node-configuration.ts';

/** `disk`: what was in it when the power was lost is there at the next start, mount points without what was mounted on them. */
export type RunDirectory = 'memory' | 'disk';

/** Lines of sh. Mounts are the compartment's own; what kubelet would set for the whole machine reads there as it wants it. */
export function mountScript(directory: string, runDirectory: RunDirectory = 'memory'): string[] {
  const at = (path: string) => shellQuote(join(directory, path));
  const sysctls = quietSysctls.map(([path]) => {
    const from = at(`sysctl/${path.replaceAll('/', '.')}`);
    return `[ ! -e /proc/sys/${path} ] || mount --bind ${from} /proc/sys/${path}`;
  });
  return [
    'ulimit -c 0',
    runDirectory === 'disk' ? `mount --bind ${at('disk/run')} /run` : 'mount -t tmpfs tmpfs /run',
    `mount --bind ${at('disk/lib')} /var/lib`,
    `mount --bind ${at('disk/log')} /var/log`,
    `mount --bind ${at('boot_id')} /proc/sys/kernel/random/boot_id`,
    ...sysctls,
    'mount --make-rshared /',
    'echo 1 > /proc/sys/net/ipv4/ip_forward',
    'ip link set lo up',
  ];
}
