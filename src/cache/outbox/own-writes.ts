// What was written here and is owed to the cloud, as readers see it: an object by its name for GETs, a change in every
// scope for LISTs and WATCHes. In memory only; a new life shows again what it finds in the outbox.
//
// Promise: a write is seen by every reader of every scope before its writer is answered, and until the cloud has it.
import { type GroupVersionResource, gvrKey } from '../../apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { allEnded } from '../all-ended.ts';
import type { FollowedScope } from '../followed-scope.ts';
import type { OwnObjects, OwnWritesView } from '../own-writes-view.ts';
import { type Scope, scopeMatches } from '../scope.ts';
import type { Snapshot } from '../snapshot.ts';
import type { VersionSpan } from '../told-versions.ts';
import type { Versions } from '../versions.ts';
import type { Change } from '../watch/event-ring.ts';
import { withResourceVersion } from '../with-resource-version.ts';
import { withMetadata } from '../writes/object-view.ts';
import { changesToCloud } from './changes-to-cloud.ts';
import { targetPath, type WriteTarget } from './entry.ts';
import { type OwnObject, ownObject, type ShownWrite } from './own-object.ts';
import type { ShownSpans } from './shown-spans.ts';

/** By uid; undefined where nothing has the name. */
type Standing = ReadonlyMap<FollowedScope, string | undefined>;

export interface OwnWritesOptions {
  readonly versions: Versions;
  readonly scopesOf: (gvr: GroupVersionResource) => Iterable<FollowedScope>;
  readonly spans: ShownSpans;
}

export class OwnWrites implements OwnWritesView {
  readonly #o: OwnWritesOptions;
  readonly #byPath = new Map<string, OwnObject>();
  readonly #byResource = new Map<string, Set<string>>();
  readonly #asked = new Map<string, Promise<void>>();

  constructor(options: OwnWritesOptions) {
    this.#o = options;
  }

  get(path: string): OwnObject | undefined {
    return this.#byPath.get(path);
  }

  /** What further writes go on top of. */
  written(path: string): OwnObject | undefined {
    const own = this.get(path);
    return own?.isCorrection === true ? undefined : own;
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

  /** Which object each scope shows under this name now. */
  standing({ gvr, namespace, name }: WriteTarget): Standing {
    const key = `${namespace}/${name}`;
    return new Map([...this.#o.scopesOf(gvr)].map((followed) => [followed, followed.snapshot.get(key)?.uid]));
  }

  /**
   * Resolves when every scope shows it; with false when one does not, for the cloud was heard to have another object under its
   * name since. It is for the caller to give it up then.
   * @param judgedOn what stood there when it was judged; absent: it is shown in any case
   */
  async show(write: ShownWrite, judgedOn?: Standing): Promise<boolean> {
    return this.#showAt(this.note(write), judgedOn);
  }

  /** Shows at once what was written before and `note`d: nobody is shown again what it was between the writes. */
  async showNoted(path: string): Promise<void> {
    await this.#showAt(path);
  }

  /** A write that no scope shows yet. @returns its path */
  note(write: ShownWrite): string {
    const { gvr } = write.target;
    const path = targetPath(write.target);
    const own = ownObject(write, this.#byPath.get(path));
    this.#byPath.set(path, own);
    this.#o.spans.begin(gvr, own.resourceVersion);
    const resource = gvrKey(gvr);
    const paths = this.#byResource.get(resource);
    if (paths === undefined) this.#byResource.set(resource, new Set([path]));
    else paths.add(path);
    return path;
  }

  async #showAt(path: string, judgedOn?: Standing): Promise<boolean> {
    const own = this.#byPath.get(path)!;
    const { gvr } = own;
    let isShown = true;
    let shown = '';
    // Until it is shown as it is now, or is the cloud's already: it may be brought there while a scope still makes ready.
    for (let now = this.get(path); now !== undefined && now.resourceVersion !== shown; now = this.get(path)) {
      shown = now.resourceVersion;
      const scopes = [...this.#o.scopesOf(gvr)];
      await allEnded(
        scopes.map((followed) =>
          followed.content.showOwnWrite(
            (snapshot) => {
              if (judgedOn !== undefined && isReplaced(followed, own, judgedOn)) isShown = false;
              return isShown ? this.#change(followed.scope, snapshot, path) : undefined;
            },
            own.cloud && scopeMatches(followed.scope, own.cloud) ? own.cloud : undefined,
          ),
        ),
      );
      if (!isShown) return false;
    }
    return true;
  }

  whenAnswered({ gvr }: Scope, key: string): Promise<void> | undefined {
    const [namespace, name] = key.split('/') as [string, string];
    return this.#asked.get(targetPath({ gvr, namespace, name }));
  }

  /** A request about this object sets out for the cloud. Whoever calls it calls what it returns when it has the answer. */
  asking(path: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#asked.set(path, promise);
    return () => {
      if (this.#asked.get(path) === promise) this.#asked.delete(path);
      resolve();
    };
  }

  shownSpans({ gvr }: Scope): readonly VersionSpan[] {
    return this.#o.spans.of(gvr);
  }

  versionAbove({ gvr }: Scope, resourceVersion: string): string {
    const { spans, versions } = this.#o;
    const above = spans.versionAbove(gvr, resourceVersion);
    versions.see(above);
    return above;
  }

  /**
   * The cloud has it, or had enough of it: its own word counts from this version of the object on. Where that has come
   * already it is shown when this resolves; elsewhere when it comes.
   * @param resourceVersion '' when it has no such object any more
   */
  async end(path: string, resourceVersion: string): Promise<void> {
    const own = this.#forget(path);
    if (own === undefined) return;
    const scopes = [...this.#o.scopesOf(own.gvr)];
    const late = scopes.filter(({ content }) => !content.endOwnWrite(own.key, resourceVersion));
    if (late.length > 0) await this.#showCloudsWord(path, own, late);
  }

  /** The cloud will not have it: every scope shows what the cloud has when this resolves. */
  async giveUp(path: string): Promise<void> {
    const own = this.#forget(path);
    if (own !== undefined) await this.#showCloudsWord(path, own, [...this.#o.scopesOf(own.gvr)]);
  }

  async #showCloudsWord(path: string, { gvr, key }: OwnObject, scopes: readonly FollowedScope[]): Promise<void> {
    const { versions, spans } = this.#o;
    await versions.reserve();
    let shared = '';
    const next = (above: string): string => {
      shared = compareResourceVersion(shared, above) > 0 ? shared : versions.next();
      spans.gaveOut(gvr, shared);
      return shared;
    };
    await allEnded(
      scopes.map(({ content }) =>
        content.giveUpOwnWrite(key, (snapshot) =>
          this.#byPath.has(path) ? undefined : changesToCloud(snapshot, key, next),
        ),
      ),
    );
  }

  #forget(path: string): OwnObject | undefined {
    const own = this.#byPath.get(path);
    if (own === undefined) return undefined;
    this.#byPath.delete(path);
    const resource = gvrKey(own.gvr);
    const paths = this.#byResource.get(resource)!;
    paths.delete(path);
    if (paths.size > 0) return own;
    this.#byResource.delete(resource);
    this.#o.spans.end(own.gvr);
    return own;
  }

  /** Nothing of it is shown any more, to anybody. The scopes have forgotten everything. */
  clear(): void {
    this.#byPath.clear();
    this.#byResource.clear();
    this.#o.spans.clear();
  }

  /** What this scope's watchers hear of it; undefined when they have heard it, or it never was in the scope and is not now. */
  #change(scope: Scope, snapshot: Snapshot, path: string): Change | undefined {
    const own = this.#byPath.get(path);
    if (own === undefined) return undefined; // settled, and so the cloud's, before its turn came
    const known = snapshot.get(own.key);
    const isIn = own.object !== undefined && scopeMatches(scope, own.object);
    // The cloud may have given the same version to something else meanwhile.
    const isKnown = snapshot.isOwn(own.key) && known?.resourceVersion === own.resourceVersion;
    const hasHeard = isIn ? isKnown : known === undefined;
    if (hasHeard) return undefined;
    const { object, resourceVersion } = this.#above(snapshot.resourceVersion, path, own);
    if (isIn) return { type: known === undefined ? 'ADDED' : 'MODIFIED', object: object!, previous: known };
    return { type: 'DELETED', object: withResourceVersion(object ?? known!, resourceVersion), previous: known };
  }

  /** What came from the cloud meanwhile may be newer: then all are shown it under a version above that. */
  #above(version: string, path: string, own: OwnObject): OwnObject {
    if (compareResourceVersion(own.resourceVersion, version) > 0) return own;
    const resourceVersion = this.#o.versions.next();
    void this.#o.versions.reserve();
    this.#o.spans.gaveOut(own.gvr, resourceVersion);
    const object = own.object && withResourceVersion(own.object, resourceVersion);
    const value = own.value && withMetadata(own.value, { resourceVersion });
    const raised: OwnObject = { ...own, object, value, resourceVersion };
    this.#byPath.set(path, raised);
    return raised;
  }
}

/** The cloud's word came while this write went to disk, and is of another object. */
function isReplaced(followed: FollowedScope, { key, uid }: OwnObject, judgedOn: Standing): boolean {
  const { snapshot } = followed;
  const known = snapshot.get(key)?.uid;
  return known !== undefined && known !== uid && known !== judgedOn.get(followed) && !snapshot.isOwn(key);
}

const none: OwnObjects = new Map();
