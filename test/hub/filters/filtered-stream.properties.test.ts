// A client that lists through a filter and one that applies the events of a watch through it end with the same objects,
// whatever happened in between; both ways of watching: from what is followed here, and passed on from the cloud.
import test from 'ava';
import fc from 'fast-check';
import { isJsonObject, parseJson } from '../../../src/apimachinery/json.ts';
import type { KubernetesObject } from '../../../src/apimachinery/object.ts';
import type { WatchFrame } from '../../../src/apimachinery/watch-frame.ts';
import { Snapshot } from '../../../src/cache/snapshot.ts';
import { Watcher } from '../../../src/cache/watch/watcher.ts';
import { ObjectView } from '../../../src/hub/filters/object-view.ts';
import { nothingKnown, type ResponseFilter } from '../../../src/hub/filters/response-filter.ts';
import { ShownFrames } from '../../../src/hub/filters/shown-frames.ts';
import { ClusterHistory, steps } from '../../support/cluster-history.ts';
import { RecordingSink } from '../../support/recording-sink.ts';
import { podScope, pods } from '../../support/sample-objects.ts';

const facts = { hub: undefined, authority: '', nodeName: 'edge-1', ...nothingKnown };
const nothing = { name: '', resources: ['pods'], components: [], reads: [] };
/** Objects come and go from it, as their labels change. */
const hides: ResponseFilter = {
  ...nothing,
  concerns: ({ labels }) => labels.app === 'x',
  show: () => undefined,
};
const alters: ResponseFilter = {
  ...nothing,
  concerns: () => true,
  show: (object) => ({ ...object, seenThrough: 'filter' }),
};

const scenario = fc.record({
  steps,
  startsAt: fc.nat(),
  filters: fc.constantFrom([hides], [alters], [hides, alters], [alters, hides]),
  isEmpty: fc.boolean(),
});

interface Told {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name: string; readonly resourceVersion: string } };
}

/** Applies an event as an informer does, and says what is wrong with it. */
function apply(store: Map<string, string>, { type, object }: Told): string | undefined {
  const { name, resourceVersion } = object.metadata;
  if (type === 'DELETED') return store.delete(name) ? undefined : `DELETED of ${name}, which it never saw`;
  const isNew = !store.has(name);
  store.set(name, `${name} ${resourceVersion} ${'seenThrough' in object}`);
  return isNew === (type === 'ADDED') ? undefined : `${type} of ${name}`;
}

function listed(view: ObjectView, objects: Iterable<KubernetesObject>): string[] {
  return [...objects].flatMap((object) => {
    const shown = view.show(object);
    if (shown === undefined) return [];
    const body = parseJson(shown.body);
    return [`${shown.name} ${shown.resourceVersion} ${isJsonObject(body) && 'seenThrough' in body}`];
  });
}

type Scenario = typeof scenario extends fc.Arbitrary<infer Given> ? Given : never;

/** The client comes at some version of what happens. */
function begin({ filters, steps: taken, startsAt }: Scenario) {
  const history = new ClusterHistory(taken);
  const { firstVersion, lastVersion } = history;
  const from = firstVersion + (startsAt % (lastVersion - firstVersion + 1));
  return { view: new ObjectView(filters, facts), history, from, lastVersion };
}

test('a filtered list and the filtered events of a followed scope end in the same objects', (t) => {
  fc.assert(
    fc.property(scenario, (given) => {
      const { view, history, from, lastVersion } = begin(given);
      const snapshot = new Snapshot({ events: 1000, bytes: 100_000_000 });
      snapshot.commitReplacement(history.listAt(from), []);
      const store = new Map<string, string>();
      if (!given.isEmpty)
        for (const one of listed(view, history.stateAt(from).values())) store.set(one.split(' ')[0]!, one);
      const sink = new RecordingSink();
      const watcher = new Watcher({
        followed: { scope: podScope(), snapshot, listeners: new Set() },
        scope: podScope(),
        resourceVersion: given.isEmpty ? '0' : String(from),
        sendInitialEvents: given.isEmpty,
        markInitialEventsEnd: false,
        allowBookmarks: false,
        show: view.show,
        render: undefined,
        sink,
        now: 0,
        deadline: Number.POSITIVE_INFINITY,
        onEnd: () => {},
      });
      watcher.changed();
      for (let version = from; version < lastVersion; version += 1) {
        snapshot.commit(snapshot.plan(history.eventsBetween(version, version + 1)));
        watcher.changed();
      }
      for (const event of sink.events) t.is(apply(store, event), undefined);
      t.deepEqual([...store.values()].sort(), listed(view, history.stateAt(lastVersion).values()).sort());
    }),
    { numRuns: 500 },
  );
});

test('a filtered list and the filtered frames of a watch that is passed on end in the same objects', (t) => {
  fc.assert(
    fc.property(scenario, (given) => {
      const { view, history, from, lastVersion } = begin(given);
      const atStart = [...history.stateAt(from).values()];
      const frames: WatchFrame[] = given.isEmpty ? atStart.map(({ body }) => ({ type: 'ADDED', object: body })) : [];
      for (const { type, object } of history.eventsBetween(from, lastVersion)) {
        frames.push({ type, object: object.body });
      }
      const store = new Map<string, string>();
      if (!given.isEmpty) for (const one of listed(view, atStart)) store.set(one.split(' ')[0]!, one);
      const shown = new ShownFrames(view, pods, given.isEmpty);
      for (const { type, object } of frames.flatMap((frame) => shown.pass([frame]))) {
        const problem = apply(store, { type, object: JSON.parse(object.toString()) });
        // What a client that has begun earlier knows of is not known here: it may be told to delete what it never had.
        if (given.isEmpty) t.is(problem, undefined);
      }
      t.deepEqual([...store.values()].sort(), listed(view, history.stateAt(lastVersion).values()).sort());
    }),
    { numRuns: 500 },
  );
});
