// A small seeded random source: the same seed, the same writes.
export interface Random {
  /** 0 to count-1. */
  below(count: number): number;
  pick<T>(choices: readonly T[]): T;
  /** True in `percent` of cases. */
  isLucky(percent: number): boolean;
}

/** mulberry32: 32 bits of state are plenty for choosing test cases. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    below: (count) => Math.floor(next() * count),
    pick: (choices) => choices[Math.floor(next() * choices.length)]!,
    isLucky: (percent) => next() * 100 < percent,
  };
}
