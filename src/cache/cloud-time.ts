// What time is it? By the cloud, which says so with every answer, from the first answer in this life on: setting the
// node's clock moves nothing then. Before that by the node's clock, but never before the last contact with the cloud, which
// is remembered over restarts: a node without a battery starts in 1970. Promise: what is too old by a clock that may be
// wrong is not used, and not deleted either.

export interface CloudTimeSources {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Milliseconds since the epoch as the machine believes them. */
  wallClock(): number;
}

/** `Date` has whole seconds, and an answer takes its time: a clock that differs by less is taken for right. */
const toleranceMs = 5_000;
const noticeableMs = 10 * 60_000;
const day = 24 * 3_600_000;
const longAgoMs = 30 * day;

export class CloudTime {
  readonly #sources: CloudTimeSources;
  readonly #openedAt: number;
  #contact: { readonly time: number; readonly at: number } | undefined;
  #remembered: number | undefined;

  constructor(sources: CloudTimeSources) {
    this.#sources = sources;
    this.#openedAt = sources.now();
  }

  /** An answer of the cloud came, with this `Date`. One that cannot be read says nothing. */
  heard(date: string | readonly string[] | undefined): void {
    const said = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(said)) return;
    const wall = this.#sources.wallClock();
    this.#contact = { time: Math.abs(said - wall) < toleranceMs ? wall : said, at: this.#sources.now() };
  }

  /** When an earlier life last heard of the cloud. */
  restore(lastContact: number): void {
    this.#remembered = lastContact;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const now = this.#sources.now();
    if (this.#contact !== undefined) return this.#contact.time + now - this.#contact.at;
    const wall = this.#sources.wallClock();
    return this.#remembered === undefined ? wall : Math.max(wall, this.#remembered + now - this.#openedAt);
  }

  /** The cloud has said in this life what time it is. */
  get isCertain(): boolean {
    return this.#contact !== undefined;
  }

  get lastContact(): number | undefined {
    return this.#contact?.time ?? this.#remembered;
  }

  /** What is odd about the node's clock, in a sentence; undefined when nothing is. */
  get doubt(): string | undefined {
    const wall = this.#sources.wallClock();
    const clock = `The node's clock says ${text(wall)}`;
    if (this.#contact !== undefined) {
      const off = wall - this.now();
      if (Math.abs(off) < noticeableMs) return undefined;
      return `${clock}, ${span(off)} ${off > 0 ? 'after' : 'before'} the cloud's. Set it right; until then the cloud's time counts here.`;
    }
    if (this.#remembered === undefined) return undefined;
    const last = text(this.#remembered);
    if (wall < this.#remembered - noticeableMs) {
      return `${clock}, but the cloud was last heard at ${last}: the clock is wrong, and the later of the two counts here. Set it right.`;
    }
    if (wall < this.#remembered + longAgoMs) return undefined;
    return `${clock}, ${span(wall - this.#remembered)} after the cloud was last heard (${last}). If that is wrong, set it: others' rights and tokens that are too old by this clock are not honoured, but kept.`;
  }
}

function text(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? 'nothing that is a time' : date.toISOString();
}

function span(ms: number): string {
  const days = Math.abs(ms) / day;
  return days >= 2 ? `${Math.floor(days)} days` : `${Math.floor(Math.abs(ms) / 60_000)} minutes`;
}
