// The last word of a line of the audit log, for those lines that not only people read: how an address was given out, and
// what became of one that was freed. Written by the plans, read by whoever counts or explains.

export const waysToGive = ['sticky', 'fresh', 'requested', 'stolen'] as const;
/** `sticky`: the address of before. The rest: the next in turn, the one asked for, somebody else's. */
export type WayToGive = (typeof waysToGive)[number];

/** Why a pod has not got the address that it had: what stands in the way of that one, or its sandbox may be alive. */
export interface Missed {
  readonly because: 'out-of-range' | 'held-by-another' | 'live-predecessor';
  readonly address: string;
}

export interface GivenReason {
  readonly how: WayToGive;
  /** Undefined where it has got it, or had none. */
  readonly missed: Missed['because'] | undefined;
}

const words: Readonly<Record<Missed['because'], (address: string) => string>> = {
  'out-of-range': (address) => `its address ${address} is not in the range any more`,
  'held-by-another': (address) => `its address ${address} is held by another container`,
  'live-predecessor': () => 'conflict=live-predecessor',
};

export const givenReasonText = (how: WayToGive, missed: Missed | undefined): string =>
  missed === undefined ? how : `${how}; ${words[missed.because](missed.address)}`;

/** Undefined for what is no reason of an ADD. */
export function parseGivenReason(text: string): GivenReason | undefined {
  const [first, second] = text.split('; ');
  const how = waysToGive.find((way) => way === first);
  if (how === undefined) return undefined;
  const [, address = ''] = /^its address (\S+) /.exec(second ?? '') ?? [];
  const causes = Object.keys(words) as (keyof typeof words)[];
  return { how, missed: causes.find((because) => words[because](address) === second) };
}

/** Nobody waits for it; else the reason is the state that it is kept in. */
export const freedReason = 'freed';
