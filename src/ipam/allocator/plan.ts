// What a verb would do to the directory, as data: the pure functions here decide it, src/ipam/directory/ does it.
import type { Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';

/**
 * One change. They are done in their order, and whatever prefix of them has happened when the power goes, the directory
 * can be read and gives no address to two.
 */
export type Step =
  /** Replaces the record of its address, or makes it. */
  | { readonly do: 'write-record'; readonly record: RetentionRecord }
  | { readonly do: 'drop-record'; readonly address: string }
  /** Makes host-local's file. Fails with a conflict when there is one: then all is undone and planned again. */
  | { readonly do: 'reserve'; readonly reservation: Reservation }
  /** Puts another owner into host-local's file, when it still says `from`. */
  | { readonly do: 'take-over'; readonly reservation: Reservation; readonly from: Reservation }
  /** Removes host-local's file, when it still says this. */
  | { readonly do: 'release'; readonly reservation: Reservation }
  /** Removes a file that names no owner. */
  | { readonly do: 'remove-ownerless'; readonly address: string }
  /** Puts a record that cannot be believed aside. */
  | { readonly do: 'quarantine'; readonly file: string }
  | { readonly do: 'move-cursor'; readonly rangeSet: number; readonly address: string }
  /** The directory was swept in this boot. */
  | { readonly do: 'mark-swept'; readonly bootId: string };

export type AuditVerb =
  | 'add'
  | 'del'
  | 'gc'
  | 'sweep'
  | 'recover'
  | 'verdict'
  | 'release'
  | 'pin'
  | 'adopt'
  | 'reclaim'
  | 'expire';

/** Something that an operator may ask about later: one line of the audit log. */
export interface AuditNote {
  readonly verb: AuditVerb;
  readonly address: string;
  /** `namespace/name ifname`; empty where no pod is known. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** In words; where programs read it, too, as ./audit-reason.ts has it. */
  readonly reason: string;
}

export interface Plan<Result> {
  readonly steps: readonly Step[];
  readonly notes: readonly AuditNote[];
  readonly result: Result;
}

/** Nothing was given out. `steps` are what host-local leaves behind all the same. */
export interface Refusal {
  readonly steps: readonly Step[];
  readonly notes: readonly AuditNote[];
  readonly refusal: { readonly code: number; readonly message: string; readonly details?: string };
}
