// A scope that shows writes of this node on top of the cloud's word, against a model of both: streams, full syncs, ends and
// refusals in any order.
import test from 'ava';
import fc from 'fast-check';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { compareResourceVersion } from '../../src/apimachinery/resource-version.ts';
import { OwnWritesAheadError } from '../../src/cache/errors.ts';
import { withOwnWrites } from '../../src/cache/own-writes-view.ts';
import type { UpstreamChange } from '../../src/cache/scope-feed.ts';
import { Snapshot } from '../../src/cache/snapshot.ts';
import type { Change, RingEvent } from '../../src/cache/watch/event-ring.ts';
import { withResourceVersion } from '../../src/cache/with-resource-version.ts';
import { pod, podList } from '../support/sample-objects.ts';

type Act =
  | { readonly what: 'change' | 'own' | 'applied' | 'applied late' | 'refused'; readonly name: string }
  | { readonly what: 'stream'; readonly events: number }
  | { readonly what: 'elsewhere' | 'relist' };

const name = fc.constantFrom('a', 'b', 'c');
const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.oneof(
    fc.record({
      what: fc.constantFrom(
        'change' as const,
        'change' as const,
        'own' as const,
        'own' as const,
        'applied' as const,
        'applied late' as const,
        'refused' as const,
      ),
      name,
    }),
    fc.record({ what: fc.constant('stream' as const), events: fc.integer({ min: 1, max: 4 }) }),
    fc.record({ what: fc.constantFrom('elsewhere' as const, 'elsewhere' as const, 'relist' as const) }),
  ),
  { maxLength: 40 },
);

class Model {
  readonly snapshot = new Snapshot({ events: 10_000, bytes: 100_000_000 });
  readonly own = new Map<string, KubernetesObject | undefined>();
  /** As the cloud has it, and each of its changes. */
  readonly cloud = new Map<string, KubernetesObject>();
  readonly events: UpstreamChange[] = [];
  version = 100;
  /** As the cloud was at the version that the disk has. */
  disk = new Map<string, KubernetesObject>();
  /** A client that applies what it is told; undefined once it has been told to list anew. */
  client: Map<string, KubernetesObject> | undefined = new Map();
  told = '';
  relists = 0;

  constructor() {
    for (const one of ['a', 'b']) this.change(one);
    this.relist();
    this.client = new Map(this.snapshot.sorted().map((object) => [object.key, object]));
    this.told = this.snapshot.resourceVersion;
  }

  change(which: string, isDeletion = false): void {
    this.version += 1;
    const key = `default/${which}`;
    const uid = this.cloud.get(key)?.uid ?? `${which}-${this.version}`;
    const object = pod({ name: which, uid, version: this.version });
    const isKnown = this.cloud.has(key);
    if (isDeletion) this.cloud.delete(key);
    else this.cloud.set(key, object);
    this.events.push({ type: isDeletion ? 'DELETED' : isKnown ? 'MODIFIED' : 'ADDED', object });
  }

  /** The cloud at this version. */
  at(version: string): Map<string, KubernetesObject> {
    const state = new Map<string, KubernetesObject>();
    for (const event of this.events) {
      if (event.type === 'BOOKMARK' || compareResourceVersion(event.object.resourceVersion, version) > 0) continue;
      if (event.type === 'DELETED') state.delete(event.object.key);
      else state.set(event.object.key, event.object);
    }
    return state;
  }

  stream(count: number): void {
    const { snapshot } = this;
    const next = this.events
      .filter((event) => event.type !== 'BOOKMARK')
      .filter(({ object }) => compareResourceVersion(object.resourceVersion, snapshot.cloudVersion) > 0)
      .slice(0, count);
    try {
      const plan = snapshot.plan(next);
      for (const change of plan.stored) apply(this.disk, change);
      this.tell(snapshot.commit(plan));
    } catch (error) {
      if (!(error instanceof OwnWritesAheadError)) throw error;
      this.relist();
    }
  }

  /** False when the cloud's versions have to go on first. */
  relist(): boolean {
    const { snapshot } = this;
    const resourceVersion = String(this.version);
    const sync = { listType: podList, resourceVersion, objects: new Map(this.cloud) };
    const shown = withOwnWrites(sync, this.own, snapshot.resourceVersion);
    const changes = snapshot.isComplete ? snapshot.planReplacement(shown) : [];
    if (changes === undefined && compareResourceVersion(resourceVersion, snapshot.resourceVersion) <= 0) return false;
    this.relists += 1;
    this.disk = new Map(this.cloud);
    const beneath = new Map([...this.own.keys()].map((key) => [key, this.cloud.get(key)]));
    const events = snapshot.commitReplacement(shown, changes, { beneath, resourceVersion });
    if (changes === undefined) this.client = undefined;
    else this.tell(events);
    return true;
  }

  write(which: string, isDeletion: boolean): void {
    const { snapshot } = this;
    const key = `default/${which}`;
    const known = snapshot.get(key);
    if (isDeletion && known === undefined) return;
    const version = this.nextVersion();
    const object = pod({ name: which, uid: known?.uid ?? `edge-${version}`, version, labels: { own: version } });
    this.own.set(key, isDeletion ? undefined : object);
    const type = isDeletion ? 'DELETED' : known === undefined ? 'ADDED' : 'MODIFIED';
    this.tell([], () => snapshot.own.show({ type, object, previous: known }));
  }

  applied(which: string, isStreamFaster: boolean): void {
    const key = `default/${which}`;
    if (!this.own.has(key)) return;
    const isDeletion = this.own.get(key) === undefined;
    if (!isDeletion || this.cloud.has(key)) this.change(which, isDeletion);
    if (isStreamFaster) this.stream(100);
    this.own.delete(key);
    if (!this.snapshot.own.end(key, isDeletion ? '' : String(this.version))) this.giveUp(key);
  }

  refused(which: string): void {
    const key = `default/${which}`;
    if (!this.own.has(key)) return;
    this.own.delete(key);
    this.giveUp(key);
  }

  giveUp(key: string): void {
    const { snapshot } = this;
    if (!snapshot.isOwn(key)) return;
    const shown = snapshot.get(key);
    const cloud = snapshot.inCloud(key);
    const isSame = shown !== undefined && shown.uid === cloud?.uid;
    const changes: Change[] = [];
    if (shown !== undefined && !isSame) {
      changes.push({ type: 'DELETED', object: withResourceVersion(shown, this.nextVersion()), previous: shown });
    }
    if (cloud !== undefined) {
      const object = withResourceVersion(cloud, String(BigInt(this.nextVersion()) + BigInt(changes.length)));
      changes.push({ type: isSame ? 'MODIFIED' : 'ADDED', object, previous: isSame ? shown : undefined });
    }
    this.tell([], () => snapshot.own.giveUp(key, changes));
  }

  nextVersion(): string {
    return String(BigInt(this.snapshot.resourceVersion) + 1n);
  }

  /** The cloud goes on, and what has to be read anew is. */
  settle(): void {
    while (this.snapshot.mustRelist) {
      this.version += 1;
      this.relist();
    }
  }

  tell(events: readonly RingEvent[], act: () => void = () => {}): void {
    const { ring } = this.snapshot;
    const from = ring.nextSequence - events.length;
    act();
    for (let event = ring.at(from); event !== undefined; event = ring.at(event.sequence + 1)) {
      if (compareResourceVersion(event.resourceVersion, this.told) <= 0) {
        throw new Error(`${event.resourceVersion} is told after ${this.told}`);
      }
      this.told = event.resourceVersion;
      if (this.client !== undefined) apply(this.client, event);
    }
  }

  take(act: Act): void {
    if (act.what === 'stream') this.stream(act.events);
    else if (act.what === 'elsewhere') this.version += 7;
    else if (act.what === 'relist') this.relist();
    else if (act.what === 'change')
      this.change(act.name, this.cloud.has(`default/${act.name}`) && this.version % 3 === 0);
    else if (act.what === 'own') this.write(act.name, this.version % 4 === 0);
    else if (act.what === 'refused') this.refused(act.name);
    else if (act.what === 'applied' || act.what === 'applied late') this.applied(act.name, act.what === 'applied late');
    // Whoever lists anew comes back with what is shown.
    if (this.client === undefined) {
      this.client = new Map(this.snapshot.sorted().map((object) => [object.key, object]));
      this.told = this.snapshot.resourceVersion;
    }
  }
}

function apply(state: Map<string, KubernetesObject>, { type, object }: Pick<Change, 'type' | 'object'>): void {
  if (type === 'DELETED') state.delete(object.key);
  else state.set(object.key, object);
}

const summary = (objects: Iterable<KubernetesObject>): string[] =>
  [...objects].map(({ key, uid, resourceVersion }) => `${key} ${uid} ${resourceVersion}`).toSorted();

test('own writes are on top, the rest is the cloud’s word; clients have what is shown, and no version goes back', (t) => {
  fc.assert(
    fc.property(acts, (history) => {
      const model = new Model();
      const { snapshot } = model;
      for (const act of history) {
        model.take(act);
        const cloud = model.at(snapshot.cloudVersion);
        for (const key of new Set([...cloud.keys(), ...snapshot.sorted().map((object) => object.key)])) {
          if (model.own.has(key)) t.is(snapshot.get(key)?.resourceVersion, model.own.get(key)?.resourceVersion);
          else if (!snapshot.isOwn(key) && !snapshot.mustRelist) {
            t.is(snapshot.get(key)?.resourceVersion, cloud.get(key)?.resourceVersion);
          }
        }
        t.deepEqual(summary(model.client!.values()), summary(snapshot.sorted()));
      }
    }),
    { numRuns: 2000 },
  );
});

test('the disk always has the cloud’s word at the cloud’s version, whatever is shown', (t) => {
  fc.assert(
    fc.property(acts, (history) => {
      const model = new Model();
      for (const act of history) {
        model.take(act);
        t.deepEqual(summary(model.disk.values()), summary(model.at(model.snapshot.cloudVersion).values()));
      }
    }),
    { numRuns: 1000 },
  );
});

test('once nothing is owed any more and the cloud has gone on, all is shown as it has it', (t) => {
  fc.assert(
    fc.property(acts, (history) => {
      const model = new Model();
      for (const act of history) model.take(act);
      for (const key of [...model.own.keys()]) model.applied(key.slice('default/'.length), false);
      model.version += 100;
      model.stream(1000);
      model.settle();
      t.deepEqual(summary(model.snapshot.sorted()), summary(model.cloud.values()));
      t.false(model.snapshot.hasOwnWrites);
    }),
    { numRuns: 1000 },
  );
});

test('a scope that shows a write which the cloud puts off follows its stream without reading anew', (t) => {
  const model = new Model();
  model.write('a', false);
  model.version += 10;
  model.relist();
  const { relists } = model;
  for (let n = 0; n < 50; n += 1) {
    model.change('b');
    model.change('a');
    model.stream(2);
  }
  t.is(model.relists, relists);
  t.is(model.snapshot.get('default/b')?.resourceVersion, model.cloud.get('default/b')?.resourceVersion);
  t.is(model.snapshot.get('default/a')?.labels.own, '103', 'never the cloud’s');
  t.is(model.snapshot.inCloud('default/a')?.resourceVersion, model.cloud.get('default/a')?.resourceVersion);
});
