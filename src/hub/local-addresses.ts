// The machine's addresses at this moment, for the serving certificate.
import { networkInterfaces } from 'node:os';

export function localAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address));
}
