// The markers of OpenYurt's patched host-local: an empty file `<ip>_<namespace>_<pod>` beside the reservations, which says
// whose an address was. Pure.
// Source: openyurt.io docs/user-manuals/network, patch 0002 of its tutorial.
import { formatAddress, parseAddress } from '../address.ts';

export interface Marker {
  readonly address: string;
  readonly namespace: string;
  readonly name: string;
}

/** Undefined for a file of another kind. Neither a namespace nor a pod's name can have an underscore. */
export function parseMarker(fileName: string): Marker | undefined {
  const [ip = '', namespace = '', name = '', ...more] = fileName.split('_');
  const address = parseAddress(ip);
  if (address === undefined || namespace === '' || name === '' || more.length > 0) return undefined;
  return { address: formatAddress(address), namespace, name };
}
