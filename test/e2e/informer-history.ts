// What an informer's history must never show, as pure functions of its events.
import type { InformerEvent, ObjectEvent, RequestEvent, StoreDump } from './informer.ts';

/**
 * What is wrong with the history, in words; empty when nothing is. `deleted` says whether the object with this uid was
 * really deleted by somebody, and defaults to "none was".
 */
export function historyFaults(
  events: readonly InformerEvent[],
  deleted: (uid: string) => boolean = () => false,
): string[] {
  const faults: string[] = [];
  const versions = new Map<string, string>();
  const ends = new Set<string>();
  for (const event of events) {
    if (!isObjectEvent(event)) continue;
    const identity = `${event.resource} ${event.key} ${event.uid}`;
    const before = versions.get(identity);
    if (before && isOlder(event.rv, before))
      faults.push(`${identity}: version went back from ${before} to ${event.rv}`);
    if (event.event === 'update' && event.oldUid === event.uid && event.oldRv && isOlder(event.rv, event.oldRv)) {
      faults.push(`${identity}: update from ${event.oldRv} to ${event.rv}`);
    }
    if (!before || isOlder(before, event.rv)) versions.set(identity, event.rv);
    if (event.event === 'delete') {
      if (!deleted(event.uid)) faults.push(`${identity}: DELETED, and nobody had deleted it`);
      if (event.size === 0 && !deleted(event.uid)) faults.push(`${event.resource}: the store was emptied`);
      ends.add(identity);
    } else if (ends.has(identity)) {
      faults.push(`${identity}: came back after its end`);
    }
  }
  return faults;
}

/** Where a store differs from the items of the apiserver's list, in words. */
export function storeDifferences(store: StoreDump, items: readonly ListItem[]): string[] {
  const differences: string[] = [];
  const inStore = new Map(Object.entries(store.objects));
  for (const { metadata } of items) {
    const key = metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
    const known = inStore.get(key);
    inStore.delete(key);
    if (!known) differences.push(`${key} is missing`);
    else if (known.uid !== metadata.uid) differences.push(`${key} has uid ${known.uid}, not ${metadata.uid}`);
    else if (known.rv !== metadata.resourceVersion) {
      differences.push(`${key} is at ${known.rv}, not ${metadata.resourceVersion}`);
    }
  }
  for (const key of inStore.keys()) differences.push(`${key} is not in the cluster`);
  return differences;
}

export interface ListItem {
  readonly metadata: {
    readonly namespace?: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** Watches that asked for the initial events: a streaming list in place of a LIST. */
export function watchLists(events: readonly InformerEvent[]): RequestEvent[] {
  return events.filter(
    (event) => event.event === 'request' && /[?&]sendInitialEvents=true/.test(event.url),
  ) as RequestEvent[];
}

export function plainLists(events: readonly InformerEvent[]): RequestEvent[] {
  return events.filter((event) => event.event === 'request' && !/[?&]watch=true/.test(event.url)) as RequestEvent[];
}

function isObjectEvent(event: InformerEvent): event is ObjectEvent {
  return event.event === 'add' || event.event === 'update' || event.event === 'delete';
}

/** Decimal texts of any length. */
function isOlder(version: string, than: string): boolean {
  return version.length === than.length ? version < than : version.length < than.length;
}
