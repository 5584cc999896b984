// Read your writes: whoever reads after a write was acknowledged is shown it, or what came after it. While a write is owed
// to the cloud nothing else is shown; afterwards nothing that the cloud had before.
import { isJsonObject, type JsonObject } from '../../src/apimachinery/json.ts';
import type { CloudStore } from './cloud-store.ts';
import { fieldsOf } from './fields.ts';
import type { Intent } from './intents.ts';

interface PathView {
  /** What the hub acknowledged last; undefined when that was a deletion. */
  own: JsonObject | undefined;
  hasOwn: boolean;
  /** Writes whose answer has not come, or never came: nobody knows which state is the last. */
  readonly open: Set<Intent>;
  /** Changes whenever a write begins or ends. */
  edition: number;
  /** A version at which the cloud's word was known to the hub. */
  floor: number;
  /** As `floor`; what the hub has on disk by its own promise, whatever happens to the power. */
  durableFloor: number;
  /** Own writes were given up to the cloud's word: until the scopes are read anew they are still shown. */
  isSettled: boolean;
}

/** How a path stood when a read began. */
export interface Before {
  readonly edition: number;
  readonly isOwed: boolean;
  readonly floor: number;
}

export interface ReadsWorld {
  /** Undefined while the hub does not know which cluster answers. */
  readonly store: () => CloudStore | undefined;
  readonly isOwed: (path: string) => boolean;
  fault(what: string): void;
}

export class Reads {
  readonly #views = new Map<string, PathView>();
  readonly #world: ReadsWorld;

  constructor(world: ReadsWorld) {
    this.#world = world;
  }

  began(intent: Intent): void {
    const view = this.#view(intent.path);
    view.open.add(intent);
    view.edition += 1;
  }

  ended(intent: Intent, answer: JsonObject | undefined): void {
    const view = this.#view(intent.path);
    view.edition += 1;
    if (intent.outcome === 'unknown') return; // it stays open for ever
    view.open.delete(intent);
    if (intent.outcome !== 'acknowledged') return;
    if (intent.by === 'cloud') {
      if (intent.verb === 'delete') view.durableFloor = Math.max(view.durableFloor, this.#deletedAt(intent));
      view.floor = Math.max(view.floor, view.durableFloor, versionOf(answer));
      view.hasOwn = false;
      view.isSettled = false;
      view.open.clear();
      return;
    }
    view.hasOwn = true;
    view.isSettled = false;
    view.own = intent.verb === 'delete' ? undefined : answer;
    // Writes to one object are taken in one after the other: those without an answer were before this one.
    for (const one of view.open) if (one.outcome === 'unknown') view.open.delete(one);
  }

  /**
   * The cloud has heard of what was owed, or it was parked.
   * @param isHeard it has said what it has now
   */
  settled(path: string, isHeard: boolean): void {
    const view = this.#view(path);
    view.edition += 1;
    if (this.#world.isOwed(path)) return;
    view.isSettled = true;
    if (isHeard) view.floor = this.#world.store()?.version ?? 0;
  }

  /** Those of which something is known. */
  pathsUnder(collection: string): readonly string[] {
    return [...this.#views.keys()].filter((path) => path.startsWith(`${collection}/`));
  }

  /**
   * The hub has died, and may know less in its next life.
   * @param hasDiskFailed what it heard may not be on it
   */
  crashed(how: 'killed' | 'power cut', hasDiskFailed: boolean): void {
    for (const [path, view] of this.#views) {
      view.edition += 1;
      if (hasDiskFailed) view.durableFloor = 0;
      // Of a Lease the disk knows one of the last hour: each says no more than that its holder was alive.
      const mayBeBehind = how === 'power cut' || hasDiskFailed || path.includes('/leases/');
      if (!view.isSettled && mayBeBehind) view.floor = view.durableFloor;
    }
  }

  #deletedAt({ path, client, id }: Intent): number {
    const applied = this.#world.store()?.applied ?? [];
    return applied.findLast((one) => one.path === path && one.agent === `${client}/${id}`)?.version ?? 0;
  }

  /** Another cluster answers: nothing that was known counts any more. */
  forget(): void {
    this.#views.clear();
  }

  before(path: string): Before {
    const { edition, floor } = this.#view(path);
    return { edition, floor, isOwed: this.#world.isOwed(path) };
  }

  /** @param shown undefined: it was said not to be there */
  check(path: string, before: Before, shown: JsonObject | undefined, how: string): void {
    const view = this.#view(path);
    if (view.edition !== before.edition || view.open.size > 0 || this.#world.store() === undefined) return;
    if (before.isOwed !== this.#world.isOwed(path)) return;
    const isOwn = view.hasOwn && isSame(shown, view.own);
    if (before.isOwed) {
      if (view.hasOwn && !isOwn) this.#fault(how, path, shown, `what was acknowledged is ${text(view.own)}`);
      return;
    }
    if (isOwn) return; // until it is told that the cloud has concluded, and then until the scope is read anew
    if (!this.#isOfCloud(path, shown, before.floor)) {
      this.#fault(how, path, shown, `the cloud had that before version ${before.floor}, or never`);
    }
  }

  /** The cloud was in this state at this version or later. */
  #isOfCloud(path: string, shown: JsonObject | undefined, floor: number): boolean {
    const history = this.#world.store()!.historyOf(path);
    const from = history.findLastIndex(({ version }) => version <= floor);
    const possible = history.slice(Math.max(0, from));
    if (shown === undefined) return from < 0 || possible.some(({ stored }) => stored === undefined);
    const { resourceVersion } = shown.metadata as JsonObject;
    const isOfCloud = history.some(({ stored }) => stored?.object.resourceVersion === resourceVersion);
    // What it has said last may be shown under a version of the hub's own.
    return possible.some(({ stored }) =>
      isOfCloud ? stored?.object.resourceVersion === resourceVersion : isSame(stored?.value, shown),
    );
  }

  #fault(how: string, path: string, shown: JsonObject | undefined, why: string): void {
    this.#world.fault(`${how} shows ${path} as ${text(shown)}, but ${why}`);
  }

  #view(path: string): PathView {
    let view = this.#views.get(path);
    if (view === undefined) {
      view = {
        own: undefined,
        hasOwn: false,
        open: new Set(),
        edition: 0,
        floor: 0,
        durableFloor: 0,
        isSettled: false,
      };
      this.#views.set(path, view);
    }
    return view;
  }
}

function versionOf(object: JsonObject | undefined): number {
  const { resourceVersion } = (object?.metadata ?? {}) as JsonObject;
  return Number(resourceVersion ?? 0);
}

/** By what clients wrote; versions and uids may differ. */
function isSame(a: JsonObject | undefined, b: JsonObject | undefined): boolean {
  return text(a).replace(/@.*/, '') === text(b).replace(/@.*/, '');
}

function text(object: JsonObject | undefined): string {
  if (object === undefined) return 'absent';
  const { metadata } = object;
  const version = isJsonObject(metadata) ? metadata.resourceVersion : '';
  const fields = [...fieldsOf(object)].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${fields.map(([field, token]) => `${field}=${token}`).join(' ')}@${version}`;
}
