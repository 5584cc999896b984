// The judge of the simulation, judged: what it lets pass, and what it does not.
import test from 'ava';
import { type Applied, CloudStore } from './cloud-store.ts';
import { Intents, replayedMark } from './intents.ts';

const configMaps = { group: '', version: 'v1', resource: 'configmaps' };

/** Two writers of one ConfigMap, and the cloud that has it. */
class Stage {
  readonly faults: string[] = [];
  readonly intents: Intents;
  readonly #store = new CloudStore('cluster-1', 1);
  readonly #place;
  readonly #path;

  constructor(namespace: 'park' | 'edge-wins') {
    this.#place = { gvr: configMaps, namespace, name: 'a' };
    this.#path = `/api/v1/namespaces/${namespace}/configmaps/a`;
    this.intents = new Intents(
      (what) => this.faults.push(what),
      (path) => path.includes('/edge-wins/'),
    );
    this.#store.onApplied = (applied: Applied) => this.intents.seeApplied(applied);
    this.applied('o1', 'admin/0');
  }

  patch(client: string) {
    return this.intents.begin({ client, verb: 'patch', path: this.#path, uid: '' }, ['data.k1']);
  }

  applied(token: string, agent: string): void {
    this.#store.put(this.#place, this.object(token), agent, 0);
  }

  object(token: string) {
    return {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { name: 'a', namespace: this.#place.namespace, uid: 'uid-1' },
      data: { k1: token },
    };
  }

  /** Kept by the hub, one after the other, and brought to the cloud. */
  twoInTurn() {
    const [first, second] = ['writer', 'other'].map((client) => {
      const intent = this.patch(client);
      this.intents.end(intent, 'acknowledged', 'outbox', this.object(`w${intent.id}`));
      return intent;
    });
    this.applied('w1', `writer/1${replayedMark}`);
    this.applied('w2', `other/2${replayedMark}`);
    return { first: first!, second: second! };
  }

  settled(): readonly string[] {
    this.intents.settle([]);
    return this.faults;
  }
}

test('what the hub sends once more over a later write is a fault, whatever the policy', (t) => {
  for (const namespace of ['park', 'edge-wins'] as const) {
    const stage = new Stage(namespace);
    stage.twoInTurn();
    t.deepEqual(stage.settled(), []);
    stage.applied('w1', `writer/1${replayedMark}`);
    t.regex(stage.settled().at(-1) ?? '', /intention 1, .* was written over .* intention 2/);
  }
});

test('a patch as its client sent it, given up and arrived in the end, is nobody’s fault; twice is', (t) => {
  for (const namespace of ['park', 'edge-wins'] as const) {
    const stage = new Stage(namespace);
    stage.twoInTurn();
    stage.applied('w1', 'writer/1');
    t.deepEqual(stage.settled(), []);
    stage.applied('w2', `other/2${replayedMark}`);
    stage.applied('w1', 'writer/1');
    t.regex(stage.faults.at(-1) ?? '', /intention 1, .* was passed on twice/);
  }
});

test('a late patch is excused for what it wrote itself, and for nothing else', (t) => {
  const stage = new Stage('park');
  stage.twoInTurn();
  const third = stage.patch('writer');
  stage.intents.end(third, 'acknowledged', 'outbox', undefined);
  stage.applied('w1', 'writer/3');
  t.regex(stage.faults.at(-1) ?? '', /w1 came to stand in the cloud 2 times/);
  t.regex(stage.settled().join(), /intention 1, .* was written over .* intention 2/);
});

test('of two patches that overlap either may stand; what a writer was shown before it wrote may not', (t) => {
  for (const isShown of [false, true]) {
    const stage = new Stage('edge-wins');
    const first = stage.patch('writer');
    stage.applied('w1', 'writer/1');
    if (isShown) stage.intents.shown(stage.object('w1'));
    const second = stage.patch('other');
    stage.applied('w2', 'other/2');
    stage.intents.end(second, 'acknowledged', 'cloud', undefined);
    stage.applied('w1', `writer/1${replayedMark}`);
    stage.intents.end(first, 'acknowledged', 'outbox', undefined);
    t.is(stage.settled().length, isShown ? 1 : 0);
  }
});
