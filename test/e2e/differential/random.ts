// Choices that a seed repeats.

export interface Random {
  /** From 0 up to, and without, `limit`. */
  integer(limit: number): number;
  chance(probability: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** Each value with this probability, in their order. */
  some<T>(values: readonly T[], probability?: number): T[];
  shuffled<T>(values: readonly T[]): T[];
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (limit: number) => Math.floor(next() * limit);
  const random: Random = {
    integer,
    chance: (probability) => next() < probability,
    pick: (values) => values[integer(values.length)]!,
    some: (values, probability = 0.5) => values.filter(() => next() < probability),
    shuffled(values) {
      const rest = [...values];
      for (let i = rest.length - 1; i > 0; i -= 1) {
        const j = integer(i + 1);
        [rest[i], rest[j]] = [rest[j]!, rest[i]!];
      }
      return rest;
    },
  };
  return random;
}
