// What was written here and is owed to the cloud, as readers see it: an object by its name for GETs, a change in every
// scope for LISTs and WATCHes. In memory only; a new life shows again what it finds in the outbox.
//
// Promise: a write is seen by every reader of every scope before its writer is answered, and until the cloud has it.
import { type GroupVersionResource, gvrKey } from '../../apimachinery/group-version-resource.ts';
import { type JsonObject, stringifyJson } from '../../apimachinery/json.ts';
import { type KubernetesObject, readObject } from '../../apimachinery/object.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import type { FollowedScope } from '../followed-scope.ts';
import type { OwnObjects, OwnWritesView } from '../own-writes-view.ts';
import { type Scope, scopeMatches } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Versions } from '../versions.ts';
import type { Change } from '../watch/event-ring.ts';
import { withResourceVersion } from '../with-resource-version.ts';
import { type AcceptedWrite, targetPath } from './entry.ts';

export interface OwnObject {
  readonly gvr: GroupVersionResource;
  /** `${namespace}/${name}` */
  readonly key: string;
  /** Undefined when it was deleted here. */
  readonly object: KubernetesObject | undefined;
  readonly value: JsonObject | undefined;
  readonly resourceVersion: string;
  readonly writtenAt: number;
  /** Who has written it, and so may read it. */
  readonly writers: ReadonlySet<string>;
}

type ShownWrite = Pick<AcceptedWrite, 'target' | 'after' | 'resourceVersion' | 'writtenAt' | 'writer'>;

export interface OwnWritesOptions {
  readonly versions: Versions;
  readonly scopesOf: (gvr: GroupVersionResource) => Iterable<FollowedScope>;
}

export class OwnWrites implements OwnWritesView {
  readonly #o: OwnWritesOptions;
  readonly #byPath = new Map<string, OwnObject>();
  readonly #byResource = new Map<string, Set<string>>();

  constructor(options: OwnWritesOptions) {
    this.#o = options;
  }

  get(path: string): OwnObject | undefined {
    return this.#byPath.get(path);
  }

  shownIn(scope: Scope): OwnObjects {
    const paths = this.#byResource.get(gvrKey(scope.gvr));
    if (paths === undefined) return none;
    const shown = new Map<string, KubernetesObject | undefined>();
    for (const path of paths) {
      const { key, object } = this.#byPath.get(path)!;
      shown.set(key, object !== undefined && scopeMatches(scope, object) ? object : undefined);
    }
    return shown;
  }

  /** Resolves when every scope shows it. */
  async show(write: ShownWrite): Promise<void> {
    const { gvr } = write.target;
    const path = targetPath(write.target);
    const own = ownObject(write, this.#byPath.get(path));
    this.#byPath.set(path, own);
    const resource = gvrKey(gvr);
    const paths = this.#byResource.get(resource);
    if (paths === undefined) this.#byResource.set(resource, new Set([path]));
    else paths.add(path);
    const scopes = [...this.#o.scopesOf(gvr)];
    await Promise.all(
      scopes.map((followed) => followed.showOwnWrite((snapshot) => this.#change(followed.scope, snapshot, own))),
    );
  }

  /** Nothing is owed of this object any more: the cloud's own word counts again, from the next full sync on. */
  end(path: string): void {
    const own = this.#byPath.get(path);
    if (own === undefined) return;
    this.#byPath.delete(path);
    const resource = gvrKey(own.gvr);
    const paths = this.#byResource.get(resource)!;
    paths.delete(path);
    if (paths.size === 0) this.#byResource.delete(resource);
    for (const { snapshot } of this.#o.scopesOf(own.gvr)) snapshot.relistForOwnWrite(own.key);
  }

  /** What this scope's watchers hear of it; undefined when it never was in the scope and is not now. */
  #change(scope: Scope, snapshot: Snapshot, { key, object, resourceVersion }: OwnObject): Change | undefined {
    const known = snapshot.get(key);
    const isIn = object !== undefined && scopeMatches(scope, object);
    if (known === undefined && !isIn) return undefined;
    // A full sync that was on its way may have brought a newer version in between.
    const isAbove = compareResourceVersion(resourceVersion, snapshot.resourceVersion) > 0;
    const version = isAbove ? resourceVersion : this.#o.versions.next();
    if (!isIn) return { type: 'DELETED', object: withResourceVersion(object ?? known!, version), previous: known };
    const shown = isAbove ? object : withResourceVersion(object, version);
    return { type: known === undefined ? 'ADDED' : 'MODIFIED', object: shown, previous: known };
  }
}

const none: OwnObjects = new Map();

function ownObject(
  { target, after, resourceVersion, writtenAt, writer }: ShownWrite,
  known: OwnObject | undefined,
): OwnObject {
  const { gvr, namespace, name } = target;
  return {
    gvr,
    key: `${namespace}/${name}`,
    object: after === undefined ? undefined : readObject(gvr, Buffer.from(stringifyJson(after))),
    value: after,
    resourceVersion,
    writtenAt,
    writers: new Set([...(known?.writers ?? []), writer.identity]),
  };
}
