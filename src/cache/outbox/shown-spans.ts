// Under which versions clients may have been shown what only this node knew, by resource: a few spans, each of versions that
// were given out here one after the other.
//
// Promise: who comes back with one of these is not told by the cloud alone what came after it, nor by a scope that was read
// anew since; also in a later life, for the disk knows of a span before the outbox forgets what was shown.
import type { Records } from '../../../storage/records.ts';
import { type GroupVersionResource, gvrKey } from '../../apimachinery/group-version-resource.ts';
import { compareResourceVersion, maxResourceVersion } from '../../apimachinery/resource-version.ts';
import type { VersionSpan } from '../told-versions.ts';
import type { ChangeAlong } from '../versions.ts';
import type { DiskState } from './disk-state.ts';

export interface ShownSpansOptions {
  readonly records: Pick<Records, 'read' | 'write' | 'writeUrgent'>;
  /** Whether the disk takes what it is told. */
  readonly diskState?: Pick<DiskState, 'missed'>;
}

interface Given {
  /** In the order in which they were given out. */
  readonly spans: readonly VersionSpan[];
  /** Something is shown now, and the last span may have grown without a word to the disk. */
  readonly isOpen: boolean;
}

const key = 'shown-spans';
/** The cloud's versions between those that were given out so close to each other are taken for such. */
const gap = 16n;
/** In one life: what is kept for urgent changes is for others, too. */
const urgentLimit = 256;
/** More are put together, which refuses a few versions too many. */
const spanLimit = 32;
const none: Given = { spans: [], isOpen: false };

export class ShownSpans {
  readonly #o: ShownSpansOptions;
  readonly #byResource = new Map<string, Given>();
  /** Each write to the disk says all. */
  #number = 0;
  /** Of the last write that did not come to the disk, and of the last that did. */
  #missed = 0;
  #arrived = 0;
  #isHurrying = false;
  #urgentNotes = 0;

  constructor(options: ShownSpansOptions) {
    this.#o = options;
  }

  /**
   * What an earlier life has noted; nothing is shown now. What cannot be read is as if it were not there.
   * @param newestOwed of all that was ever written to the outbox
   */
  async restore(newestOwed: string): Promise<void> {
    for (const [resource, { spans, isOpen }] of readGiven(await this.#o.records.read('meta', key))) {
      this.#byResource.set(resource, { spans: isOpen ? grownTo(spans, newestOwed) : spans, isOpen: false });
    }
  }

  /** The highest version in any of them; '' for none. */
  get newest(): string {
    const all = [...this.#byResource.values()].flatMap(({ spans }) => spans);
    return all.reduce((newest, { to }) => maxResourceVersion(newest, to), '');
  }

  of(gvr: GroupVersionResource): readonly VersionSpan[] {
    return (this.#byResource.get(gvrKey(gvr)) ?? none).spans;
  }

  has(gvr: GroupVersionResource, version: string): boolean {
    return this.#spanOf(gvr, version) !== undefined;
  }

  /** Something that is in the outbox is shown under its version, and more may be until `end`. */
  begin(gvr: GroupVersionResource, version: string): void {
    const known = this.#byResource.get(gvrKey(gvr)) ?? none;
    const given = { spans: withVersion(known.spans, version), isOpen: true };
    const isKnownToOutbox = known.isOpen && given.spans.length === known.spans.length;
    if (isKnownToOutbox) this.#byResource.set(gvrKey(gvr), given);
    else this.#set(gvr, given);
  }

  /** Nothing of the kind is shown any more. */
  end(gvr: GroupVersionResource): void {
    const given = this.#byResource.get(gvrKey(gvr));
    if (given?.isOpen === true) this.#set(gvr, { ...given, isOpen: false });
  }

  /** Something is shown under another version than that in the outbox, or than the cloud's. */
  gaveOut(gvr: GroupVersionResource, version: string): void {
    const { spans, isOpen } = this.#byResource.get(gvrKey(gvr)) ?? none;
    this.#set(gvr, { spans: withVersion(spans, version), isOpen });
  }

  /** Under which version to show what was read anew and comes to this one: under none that clients may have of another state. */
  versionAbove(gvr: GroupVersionResource, version: string): string {
    const span = this.#spanOf(gvr, version);
    if (span === undefined) return version;
    const above = this.versionAbove(gvr, String(BigInt(span.to) + 1n));
    this.gaveOut(gvr, above);
    return above;
  }

  /** Nothing that was given out means anything any more: another cluster answers. */
  clear(): void {
    this.#byResource.clear();
    this.#note();
  }

  #spanOf(gvr: GroupVersionResource, version: string): VersionSpan | undefined {
    return this.of(gvr).find(
      ({ from, to }) => compareResourceVersion(from, version) <= 0 && compareResourceVersion(version, to) <= 0,
    );
  }

  #set(gvr: GroupVersionResource, given: Given): void {
    this.#byResource.set(gvrKey(gvr), given);
    this.#note();
  }

  /** The disk does not know all of it, and has been told. */
  get isBehind(): boolean {
    return this.#missed > this.#arrived;
  }

  /** What the disk has missed, for a batch that it gets anyway; undefined when it has missed nothing. */
  along(): ChangeAlong | undefined {
    return this.isBehind ? this.#put() : undefined;
  }

  #note(): void {
    const { change, settled } = this.#put();
    this.#o.records.write([change]).then(
      () => settled(true),
      (error: unknown) => {
        settled(false);
        this.#o.diskState?.missed(error);
        void this.#noteUrgently();
      },
    );
  }

  /** In the space that is kept for a full disk. What does not fit there goes with the next batch of the outbox. */
  async #noteUrgently(): Promise<void> {
    if (this.#isHurrying) return;
    this.#isHurrying = true;
    let told = 0;
    // The last word is all of it.
    while (told !== this.#number && this.#urgentNotes < urgentLimit) {
      const { change, settled } = this.#put();
      told = this.#number;
      this.#urgentNotes += 1;
      await this.#o.records.writeUrgent([change]).then(
        () => settled(true),
        () => settled(false),
      );
    }
    this.#isHurrying = false;
  }

  #put(): ChangeAlong {
    this.#number += 1;
    const number = this.#number;
    const value = Buffer.from(JSON.stringify([...this.#byResource]));
    return {
      change: { type: 'put', space: 'meta', key, value },
      settled: (isOnDisk) => {
        if (isOnDisk) this.#arrived = Math.max(this.#arrived, number);
        else this.#missed = Math.max(this.#missed, number);
      },
    };
  }
}

function withVersion(spans: readonly VersionSpan[], version: string): readonly VersionSpan[] {
  const last = spans.at(-1);
  const isNear = last !== undefined && near(last, BigInt(version));
  if (isNear) return [...spans.slice(0, -1), union(last, { from: version, to: version })];
  const all = [...spans, { from: version, to: version }];
  const [first, second, ...others] = all;
  return all.length <= spanLimit ? all : [union(first!, second!), ...others];
}

function near({ from, to }: VersionSpan, version: bigint): boolean {
  return BigInt(from) - gap <= version && version <= BigInt(to) + gap;
}

function union(a: VersionSpan, b: VersionSpan): VersionSpan {
  return { from: compareResourceVersion(a.from, b.from) < 0 ? a.from : b.from, to: maxResourceVersion(a.to, b.to) };
}

function grownTo(spans: readonly VersionSpan[], version: string): readonly VersionSpan[] {
  return spans.map((span, index) =>
    index < spans.length - 1 ? span : { ...span, to: maxResourceVersion(span.to, version) },
  );
}

function readGiven(value: Buffer | undefined): readonly (readonly [string, Given])[] {
  try {
    const given = JSON.parse(value?.toString() ?? '[]') as readonly (readonly [string, Given])[];
    return given.map(([resource, { spans, isOpen }]) => [
      resource,
      { spans: spans.map(({ from, to }) => ({ from: String(BigInt(from)), to: String(BigInt(to)) })), isOpen },
    ]);
  } catch {
    return []; // a client that resumes from there is told by the cloud alone
  }
}
