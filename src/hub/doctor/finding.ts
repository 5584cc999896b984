// What a look at a node before the link is cut has found: one thing that will go wrong then, or might, and what to do.

/** problem: pods stop or do not come back. warning: something is lost in some cases. note: good to know. */
export type FindingLevel = 'problem' | 'warning' | 'note';

export interface Finding {
  /** In kebab-case, the same for every node: docs/doctor.md has a line for each. */
  readonly check: string;
  readonly level: FindingLevel;
  /** What it is about: `pod shop/web-1`, a file; '' for the whole node. */
  readonly subject: string;
  /** What happens, in a sentence. */
  readonly says: string;
  /** What to do about it, in a sentence. */
  readonly advice: string;
}
