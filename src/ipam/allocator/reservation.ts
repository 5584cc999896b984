// Whose a reservation is.
import type { Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';

type Holder = { readonly containerId: string; readonly ifname: string };

/** A file that names no interface is of each interface of its container. */
export const isHeldBy = (reservation: Reservation, { containerId, ifname }: Holder): boolean =>
  reservation.containerId === containerId.trim() && (reservation.ifname === undefined || reservation.ifname === ifname);

export const isSameReservation = (one: Reservation, other: Reservation): boolean =>
  one.address === other.address && one.containerId === other.containerId && one.ifname === other.ifname;

/** What an attachment holds; the files of before host-local 0.8 count only when there is no other. */
export const heldBy = (reservations: Iterable<Reservation>, holder: Holder): readonly Reservation[] => {
  const held = [...reservations].filter((one) => isHeldBy(one, holder));
  const exact = held.filter(({ ifname }) => ifname !== undefined);
  return exact.length > 0 ? exact : held;
};

/** Whether the file of a record's address is of the attachment that the record names. */
export const isRecordOf = (record: RetentionRecord, reservation: Reservation | undefined): boolean =>
  reservation !== undefined && isHeldBy(reservation, record);
