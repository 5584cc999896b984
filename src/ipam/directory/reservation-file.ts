// Host-local's file of a held address: the container's id, CR LF, the interface; no end of line. Before 0.8 only the id.
import type { Reservation } from './network-state.ts';

export const reservationContent = ({ containerId, ifname }: Reservation): string =>
  ifname === undefined ? containerId : `${containerId}\r\n${ifname}`;

/** Undefined when the file names no owner: it is empty, blank, or zeros where a block was never written. */
export function parseReservation(address: string, text: string): Reservation | undefined {
  const content = text.replaceAll('\0', '').trim();
  if (content === '') return undefined;
  const at = content.indexOf('\r\n');
  if (at === -1) return { address, containerId: content, ifname: undefined };
  return { address, containerId: content.slice(0, at), ifname: content.slice(at + 2) };
}
