// How the node gets the hub's address: which commands make it and take it away, and what to say when they fail. Pure.
// A dummy interface is made where the kernel has them; else the address goes to the loopback interface, where pods reach
// it just as well: it is the machine's own, whichever interface carries it.
import { isIPv6 } from 'node:net';

/** Ours, by its name: it is taken away with the address. */
export const dummyInterface = 'holdfast0';

export type Carrier =
  /** Made for it. */
  | 'dummy'
  | 'loopback'
  /** Some other interface has it: nobody's to make or to take away. */
  | 'other';

/** Where the address is now; undefined: nowhere. */
export function carrierOf(
  host: string,
  interfaces: Readonly<Record<string, readonly { readonly address: string }[] | undefined>>,
): Carrier | undefined {
  for (const [name, addresses] of Object.entries(interfaces)) {
    if (addresses?.some(({ address }) => address === host) !== true) continue;
    return name === dummyInterface ? 'dummy' : name === 'lo' ? 'loopback' : 'other';
  }
  return undefined;
}

/** Arguments of `ip`. */
export type IpCommand = readonly string[];

export const makeDummy: IpCommand = ['link', 'add', dummyInterface, 'type', 'dummy'];

export function addAddress(host: string, carrier: 'dummy' | 'loopback'): readonly IpCommand[] {
  const device = carrier === 'dummy' ? dummyInterface : 'lo';
  // An address that nobody else can have need not be looked for on the link first.
  const family = isIPv6(host) ? ['nodad'] : [];
  return [
    ['address', 'replace', `${host}${prefixOf(host)}`, 'dev', device, ...family],
    ['link', 'set', device, 'up'],
  ];
}

/** @param isOurs this daemon, or an earlier life of it, has put it on the loopback interface; the dummy one is ours anyway */
export function takeAway(host: string, carrier: Carrier, isOurs: boolean): readonly IpCommand[] {
  if (carrier === 'other' || (carrier === 'loopback' && !isOurs)) return [];
  if (carrier === 'dummy') return [['link', 'delete', dummyInterface]];
  return [['address', 'delete', `${host}${prefixOf(host)}`, 'dev', 'lo']];
}

function prefixOf(host: string): string {
  return isIPv6(host) ? '/128' : '/32';
}

/** What `ip` says of a kernel that has no such interfaces. */
export function hasNoDummies(message: string): boolean {
  return /unknown device type|operation not supported|not supported/i.test(message);
}

/** It is there already, of an earlier life or of somebody else's making. */
export function existsAlready(message: string): boolean {
  return /file exists/i.test(message);
}

/** A whole sentence for whoever started the daemon. */
export function explain(host: string, message: string): string {
  if (/ENOENT/.test(message)) {
    return `--node-address ${host}: no interface has it, and the command \`ip\` to make it is not installed (package iproute2)`;
  }
  if (/not permitted|permission denied/i.test(message)) {
    return `--node-address ${host}: no interface has it, and only root (CAP_NET_ADMIN) can make one: start the daemon as root, or give the address to an interface yourself`;
  }
  return `--node-address ${host}: it could not be given to the node: ${message}`;
}
