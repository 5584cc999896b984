// The demo's etcd and registry in one: objects by kind, written under optimistic locking, every change with one global
// resourceVersion, told to subscribers in order and within the call that made it.

import type { Clock } from '../apimachinery/clock.ts';
import { alreadyExists, notFound } from '../apimachinery/status.ts';
import type { Document, DraftDocument } from './document.ts';
import { type Random, randomSuffix, randomUid } from './random.ts';
import { definitionOfKey, type ResourceDefinition } from './resource-definitions.ts';
import { RevisionLog, type StoreEvent } from './revision-log.ts';
import { atRevision, objectKey, type StoredObject, storedObject } from './stored-object.ts';
import { timestamp } from './timing.ts';
import { changedDocument, checkPreconditions, newDocument, type Preconditions, type WritePart } from './write-rules.ts';

export interface ObjectStoreOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The resourceVersion before the first write. Default 100. */
  readonly firstRevision?: number;
  /** About how many changes stay readable for watches and old lists. Default 10 000. */
  readonly eventLimit?: number;
}

export class ObjectStore {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #eventLimit: number;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #untold: StoreEvent[] = [];
  #log: RevisionLog;

  constructor({ clock, random, firstRevision = 100, eventLimit = 10_000 }: ObjectStoreOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#eventLimit = eventLimit;
    this.#log = new RevisionLog(firstRevision, eventLimit);
  }

  /** The newest revision of anything. */
  get revision(): number {
    return this.#log.current;
  }

  get compactedRevision(): number {
    return this.#log.compacted;
  }

  find(definition: ResourceDefinition, namespace: string, name: string): StoredObject | undefined {
    return this.#log.get(definition, objectKey(definition, namespace, name));
  }

  /** Throws NotFound. */
  get(definition: ResourceDefinition, namespace: string, name: string): StoredObject {
    const found = this.find(definition, namespace, name);
    if (found === undefined) throw notFound(definition.gvr, name);
    return found;
  }

  /** All namespaces, in key order, as of a revision. Throws CompactedError. */
  list(definition: ResourceDefinition, at?: number): readonly StoredObject[] {
    return this.#log.list(definition, at);
  }

  /** Throws CompactedError. */
  eventsSince(definition: ResourceDefinition, revision: number): readonly StoreEvent[] {
    return this.#log.eventsSince(definition, revision);
  }

  /** Throws AlreadyExists, NotFound (the namespace), BadRequest. */
  create(definition: ResourceDefinition, namespace: string, draft: DraftDocument): StoredObject {
    if (definition.isNamespaced && this.find(definitionOfKey('v1/namespaces'), '', namespace) === undefined) {
      throw notFound({ group: '', resource: 'namespaces' }, namespace);
    }
    const name = draft.metadata?.name || `${draft.metadata?.generateName ?? ''}${randomSuffix(this.#random)}`;
    if (this.find(definition, namespace, name) !== undefined) throw alreadyExists(definition.gvr, name);
    const document = newDocument(definition, namespace, draft, {
      name,
      uid: randomUid(this.#random),
      creationTimestamp: timestamp(this.#clock.now()),
    });
    return this.#append('ADDED', definition, namespace, name, document);
  }

  /** A change that changes nothing keeps its resourceVersion. Throws NotFound, Conflict, BadRequest, Invalid. */
  update(
    definition: ResourceDefinition,
    namespace: string,
    name: string,
    change: (current: Document) => DraftDocument,
    part: WritePart = 'all',
  ): StoredObject {
    const current = this.get(definition, namespace, name);
    const document = changedDocument(definition, current.document, change(structuredClone(current.document)), part);
    if (storedObject(definition, document, current.revision).body.equals(current.body)) return current;
    const isReleased = document.metadata.deletionTimestamp !== undefined && !document.metadata.finalizers?.length;
    if (isReleased && !document.metadata.deletionGracePeriodSeconds) return this.#remove(current);
    return this.#append('MODIFIED', definition, namespace, name, document);
  }

  /**
   * Removes the object, or marks it as terminating while finalizers or a grace period (a pod on a node) hold it; the
   * holder deletes it again with no grace. Throws NotFound, Conflict.
   */
  delete(
    definition: ResourceDefinition,
    namespace: string,
    name: string,
    options: { readonly preconditions?: Preconditions; readonly gracePeriodSeconds?: number | undefined } = {},
  ): StoredObject {
    const current = this.get(definition, namespace, name);
    checkPreconditions(definition, current.document, options.preconditions ?? {});
    const isRunningPod =
      definition.kind === 'Pod' && Boolean((current.document.spec as { nodeName?: string })?.nodeName);
    const graceSeconds = isRunningPod ? (options.gracePeriodSeconds ?? 30) : 0;
    if (graceSeconds > 0 || current.document.metadata.finalizers?.length) return this.#terminate(current, graceSeconds);
    if (definition.kind === 'Namespace') this.#empty(name);
    return this.#remove(current);
  }

  /** Called for every change from now on, in order. Returns how to stop. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Old revisions become unreadable: resuming watches and old lists expire. */
  compact(revision?: number): void {
    this.#log.compact(revision);
  }

  /** As if restored elsewhere: the same names with new uids, and revisions that start over. Subscribers hear nothing. */
  becomeAnotherCluster(firstRevision = 1): void {
    const objects = this.#log.everything();
    const uids = new Map(objects.map(({ document }) => [document.metadata.uid, randomUid(this.#random)]));
    this.#log = new RevisionLog(firstRevision, this.#eventLimit);
    for (const { definition, key, document } of objects) {
      const text = JSON.stringify(document).replace(
        /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
        (uid) => uids.get(uid) ?? uid,
      );
      this.#log.append('ADDED', definition, key, (revision) => storedObject(definition, JSON.parse(text), revision));
    }
    this.#log.compact();
  }

  #terminate(current: StoredObject, graceSeconds: number): StoredObject {
    const { definition, namespace, name, document } = current;
    if (document.metadata.deletionTimestamp !== undefined) return current;
    const metadata = {
      ...document.metadata,
      deletionTimestamp: timestamp(this.#clock.now() + graceSeconds * 1000),
      deletionGracePeriodSeconds: graceSeconds,
    };
    return this.#append('MODIFIED', definition, namespace, name, { ...document, metadata });
  }

  #empty(namespace: string): void {
    for (const object of this.#log.everything()) if (object.namespace === namespace) this.#remove(object);
  }

  #remove(current: StoredObject): StoredObject {
    const { definition, key } = current;
    return this.#tell(this.#log.append('DELETED', definition, key, (revision) => atRevision(current, revision)));
  }

  #append(
    type: StoreEvent['type'],
    definition: ResourceDefinition,
    namespace: string,
    name: string,
    document: Document,
  ): StoredObject {
    const key = objectKey(definition, namespace, name);
    return this.#tell(
      this.#log.append(type, definition, key, (revision) => storedObject(definition, document, revision)),
    );
  }

  #tell(event: StoreEvent): StoredObject {
    this.#untold.push(event);
    if (this.#untold.length > 1) return event.object; // a listener wrote: its change is told after the present one
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      for (const listener of this.#listeners) listener(next);
      this.#untold.shift();
    }
    return event.object;
  }
}
