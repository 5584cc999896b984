// Which objects of a scope are shown as they were written here, and what the cloud has in their place. The cloud's own
// changes of them are followed here, unseen, so that the disk has its word and nothing is lost when it counts again.
//
// Promise: what the cloud has answered to a write is not taken back by what its stream still tells of the time before.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';

/** As the cloud has them, by key; undefined where it has no such object. */
export type Beneath = ReadonlyMap<string, KubernetesObject | undefined>;

/** One event of the stream. */
export interface Followed {
  readonly key: string;
  /** Undefined: it is gone. */
  readonly object: KubernetesObject | undefined;
  readonly version: string;
}

/** What the cloud has answered to a write, ahead of its stream. */
interface Answer {
  /** Undefined: it is gone. */
  readonly object: KubernetesObject | undefined;
  /** Of the object, or of what is gone. */
  readonly uid: string;
  /** The stream has come as far once it is at this version, or beyond it for what is gone. */
  readonly version: string;
}

interface Ending {
  /** At which the cloud has what was written here; '' when it has no such object any more. */
  readonly version: string;
  /** It is shown already, under whatever version. */
  readonly isShown: boolean;
}

interface Covered {
  /** What the cloud has, as far as its stream or a full sync has told. */
  readonly streamed: KubernetesObject | undefined;
  /** Of the last that was told of it; '' for nothing. */
  readonly version: string;
  readonly answer?: Answer | undefined;
}

export class OwnLayer {
  readonly #beneath = new Map<string, Covered>();
  /** Of those for which the cloud's word counts again. */
  readonly #ending = new Map<string, Ending>();
  #mustRestart = false;

  get size(): number {
    return this.#beneath.size;
  }

  get keys(): Iterable<string> {
    return this.#beneath.keys();
  }

  has(key: string): boolean {
    return this.#beneath.has(key);
  }

  /** What the cloud has, as far as is known. */
  get(key: string): KubernetesObject | undefined {
    const covered = this.#beneath.get(key);
    return covered?.answer === undefined ? covered?.streamed : covered.answer.object;
  }

  /** Of some the cloud's word counts again, and has not been heard yet. */
  get isEnding(): boolean {
    return this.#ending.size > 0;
  }

  /** Of some the cloud's word is shown under a version given out here, and only clients that list anew come to its own. */
  get mustRestart(): boolean {
    return this.#mustRestart;
  }

  /** Begins anew, with these beneath what is shown as written here. */
  reset(beneath: Beneath = new Map()): void {
    this.#beneath.clear();
    this.#ending.clear();
    this.#mustRestart = false;
    for (const [key, object] of beneath) this.cover(key, object);
  }

  /** At which version the cloud had what is shown; '' for never, or when it has no such object. */
  shownSince(key: string): string {
    const ending = this.#ending.get(key);
    return ending?.isShown === true ? ending.version : '';
  }

  /** From now on it is shown as written here. */
  cover(key: string, cloud: KubernetesObject | undefined): void {
    if (!this.#beneath.has(key)) this.#beneath.set(key, { streamed: cloud, version: cloud?.resourceVersion ?? '' });
    this.#ending.delete(key);
  }

  /** From the cloud's change at this version on its word is shown; '' for its deletion. */
  endWith(key: string, ending: Ending): void {
    this.#ending.set(key, ending);
  }

  uncover(key: string): void {
    this.#beneath.delete(key);
    this.#ending.delete(key);
  }

  /**
   * The cloud has answered what was written here: from this version of the object on its own word counts.
   * @param version '' when it has no such object any more
   * @param isShown an object is shown under this key
   * @returns false when its stream has told of that already: then what was written here is to be given up
   */
  end(key: string, version: string, isShown: boolean): boolean {
    if (!this.has(key)) return true;
    if (!this.hasReached(key, version)) this.endWith(key, { version, isShown: false });
    else if (!isShown && this.get(key) === undefined) this.uncover(key);
    else return false;
    return true;
  }

  /** What the cloud has at this version ('': none any more) is shown, until its stream has come so far. */
  endShown(key: string, version: string): void {
    if (this.hasReached(key, version)) this.uncover(key);
    else this.endWith(key, { version, isShown: true });
  }

  /** What was written here does not count any more: what the cloud has is shown, under a version given out here. */
  giveUp(key: string): void {
    // While it is there the disk goes on to be told of it, for it is shown under a version that the cloud never gave it.
    const cloud = this.get(key);
    if (cloud === undefined) this.endShown(key, '');
    else {
      this.#mustRestart = true;
      this.endWith(key, { version: cloud.resourceVersion, isShown: true });
    }
  }

  /** Its end is awaited, and this is the cloud's answer to what was written here, or comes after that. */
  isEndedBy({ key, object, version }: Followed): boolean {
    const awaited = this.#ending.get(key);
    return (
      awaited !== undefined && isReached(awaited.version, { ...this.#beneath.get(key), streamed: object, version })
    );
  }

  /** The stream goes as far as this version; see `endWith`. */
  hasReached(key: string, version: string): boolean {
    const covered = this.#beneath.get(key);
    return covered !== undefined && isReached(version, covered);
  }

  /** The cloud has answered that it has it no more, and this is how it was before. */
  isOutdated({ key, object }: Followed): boolean {
    const answer = this.#beneath.get(key)?.answer;
    return answer !== undefined && answer.object === undefined && object?.uid === answer.uid;
  }

  /** What the cloud has, as it has answered; its stream has not come so far. Undefined: it is gone. */
  hear(key: string, object: KubernetesObject | undefined): void {
    const covered = this.#beneath.get(key);
    if (covered === undefined) return;
    const { streamed, version, answer } = covered;
    const last = object ?? answer ?? streamed;
    if (last === undefined) return; // nothing was ever told of it, and nothing will be
    const until = object?.resourceVersion ?? maxResourceVersion(version, answer?.version ?? '');
    this.#beneath.set(key, { streamed, version, answer: { object, uid: last.uid, version: until } });
  }

  /** What the stream tells of what is beneath. */
  follow(events: readonly Followed[]): void {
    for (const { key, object, version } of events) {
      const covered = this.#beneath.get(key);
      if (covered === undefined) continue;
      const followed = { ...covered, streamed: object, version };
      this.#beneath.set(key, isAnswered(followed) ? { streamed: object, version } : followed);
    }
  }
}

function isReached(awaited: string, covered: Covered): boolean {
  if (awaited !== '') return compareResourceVersion(covered.version, awaited) >= 0;
  return covered.streamed === undefined && isAnswered(covered);
}

/** The stream has told what the cloud has answered, or there is no answer to wait for. */
function isAnswered({ streamed, version, answer }: Covered): boolean {
  if (answer === undefined) return true;
  if (answer.object !== undefined) return compareResourceVersion(version, answer.version) >= 0;
  return streamed === undefined ? compareResourceVersion(version, answer.version) > 0 : streamed.uid !== answer.uid;
}
