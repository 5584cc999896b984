// What a stream of writes was told, object by object, and what must therefore be in the cloud. Each write carries a number
// of its own (field `n`) and sets one more field to it, so that a lost write, an old one and one too many all show.
//
// Pure. A write without an answer may have been done or not; both are right, and it may be done at any time from then on:
// the hub died with the answer in hand, and learns of it when the cloud is back, after it has acknowledged others. That
// ends when everything is settled and looked at.

export interface LoggedWrite {
  readonly number: number;
  readonly kind: 'create' | 'update' | 'put' | 'delete';
  /** What it sets beside `n`; for `create` and `put` that is all there is. */
  readonly field: string;
}

/** `refused`: it must not have had any effect. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

/** Fields as found; undefined for an object that is not there. */
export type Found = Readonly<Record<string, string>> | undefined;

interface Told extends LoggedWrite {
  outcome: Outcome;
}

const absent = '(absent)';

export class Ledger {
  readonly #writes = new Map<string, Told[]>();
  #number = 0;
  /** What was sent before this number has been done or never will be; what came of it. */
  #settledTo = 0;
  #base: ReadonlyMap<string, Found> = new Map();

  /** Before it is sent. */
  attempt(path: string, write: Omit<LoggedWrite, 'number'>): LoggedWrite {
    this.#number += 1;
    const told: Told = { ...write, number: this.#number, outcome: 'unknown' };
    const writes = this.#writes.get(path);
    if (writes === undefined) this.#writes.set(path, [told]);
    else writes.push(told);
    return told;
  }

  /** The number that the next write will have. */
  get nextNumber(): number {
    return this.#number + 1;
  }

  /** The cloud is there with this in it, nothing waits, nobody writes: what was sent until now comes no more. */
  settleAll(found: ReadonlyMap<string, Found>): void {
    this.#settledTo = this.nextNumber;
    this.#base = found;
  }

  /**
   * Numbers of writes without an answer that may show at any time, whatever was acknowledged since. Also of one that was found
   * done: a hub that was killed before it heard so may take in a creation under the same name and its deletion, of which
   * nothing is owed then, and the object in the cloud is another one.
   */
  mayStillShow(path: string): ReadonlySet<string> {
    const found = this.#base.get(path)?.n;
    const late = this.writesOf(path).filter(
      ({ outcome, number }) => outcome === 'unknown' && (number >= this.#settledTo || String(number) === found),
    );
    return new Set(late.map(({ number }) => String(number)));
  }

  settle(write: LoggedWrite, outcome: Outcome): void {
    (write as Told).outcome = outcome;
  }

  get paths(): readonly string[] {
    return [...this.#writes.keys()];
  }

  writesOf(path: string): readonly (LoggedWrite & { readonly outcome: Outcome })[] {
    return this.#writes.get(path) ?? [];
  }

  count(outcome?: Outcome): number {
    return [...this.#writes.values()].flat().filter((write) => outcome === undefined || write.outcome === outcome)
      .length;
  }

  hasUnknown(path: string, from = 0): boolean {
    return this.writesOf(path).some(({ outcome, number }) => outcome === 'unknown' && number >= from);
  }

  /** What was acknowledged for this object since then may or may not count: a conflict put it aside where people see it. */
  doubt(path: string, from: number): void {
    for (const write of this.#writes.get(path) ?? []) {
      if (write.number >= from && write.outcome === 'acknowledged') write.outcome = 'unknown';
    }
  }

  /** What is wrong with this object in the cloud, in words. */
  problems(path: string, found: Found): readonly string[] {
    const allowed = this.#allowed(path);
    if (found === undefined) {
      return allowed.gone ? [] : [`${path} is not there, but was written last (${this.#story(path)})`];
    }
    if (!allowed.there) return [`${path} is there (n=${found.n}), but was deleted last (${this.#story(path)})`];
    const problems: string[] = [];
    for (const field of new Set([...allowed.fields.keys(), ...Object.keys(found)])) {
      const values = allowed.fields.get(field) ?? new Set([absent]);
      const value = found[field] ?? absent;
      if (values.has(value)) continue;
      problems.push(`${path}: ${field} is ${value}, and must be ${[...values].join(' or ')} (${this.#story(path)})`);
    }
    return problems;
  }

  #allowed(path: string): { there: boolean; gone: boolean; fields: ReadonlyMap<string, ReadonlySet<string>> } {
    const base = this.#base.get(path);
    let there = base !== undefined;
    let gone = !there;
    const fields = new Map(Object.entries(base ?? {}).map(([name, value]) => [name, new Set([value])]));
    /** By field, of writes without an answer so far: they show again when what stands above them is taken away. */
    const doubtful = new Map<string, Set<string>>();
    for (const { number, kind, field, outcome } of this.writesOf(path)) {
      if (outcome === 'refused' || number < this.#settledTo) continue;
      const isCertain = outcome === 'acknowledged';
      const value = String(number);
      if (kind === 'delete') {
        gone = true;
        if (isCertain) {
          fields.clear();
          for (const [name, values] of doubtful) fields.set(name, new Set([absent, ...values]));
          there = doubtful.size > 0;
        }
        continue;
      }
      there = true;
      if (isCertain) gone = false;
      if (kind === 'create' || kind === 'put') {
        for (const [name, values] of fields) {
          fields.set(name, new Set([absent, ...(isCertain ? (doubtful.get(name) ?? []) : values)]));
        }
      }
      for (const name of ['n', field]) {
        const before = fields.get(name) ?? new Set([absent]);
        fields.set(name, isCertain ? new Set([value]) : new Set([...before, value]));
        if (!isCertain) doubtful.set(name, new Set([...(doubtful.get(name) ?? []), value]));
      }
    }
    return { there, gone, fields };
  }

  #story(path: string): string {
    const last = this.writesOf(path).slice(-8);
    return last.map(({ number, kind, field, outcome }) => `${number} ${kind} ${field} ${outcome}`).join('; ');
  }
}
