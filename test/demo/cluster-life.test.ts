import test from 'ava';
import { ClusterLife, startClusterLife } from '../../src/demo/cluster-life.ts';
import { at, listAt, textAt } from '../../src/demo/field-path.ts';
import { populate } from '../../src/demo/population.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { definitionOfKey, type ResourceDefinition } from '../../src/demo/resource-definitions.ts';
import { ObjectStore } from '../../src/demo/store.ts';
import { ManualClock } from '../support/manual-clock.ts';

const pods = definitionOfKey('v1/pods');

function populated(options: { pods?: number; services?: number; nodes?: number } = {}) {
  const clock = new ManualClock();
  const random = seededRandom(11);
  const store = new ObjectStore({ clock, random });
  populate(store, { ...options, clock, random });
  return { store, clock, random };
}

test('a population has exactly as many pods, services and nodes as asked for', (t) => {
  for (const asked of [
    { pods: 40, services: 12, nodes: 3 },
    { pods: 500, services: 200, nodes: 10 },
    { pods: 3, services: 2, nodes: 1 },
  ]) {
    const { store } = populated(asked);
    const count = (key: string): number => store.list(definitionOfKey(key)).length;
    t.deepEqual({ pods: count('v1/pods'), services: count('v1/services'), nodes: count('v1/nodes') }, asked);
    t.is(count('discovery.k8s.io/v1/endpointslices'), asked.services);
    t.is(count('coordination.k8s.io/v1/leases'), asked.nodes);
  }
});

test('objects have the size that real ones have, and names and addresses of their own', (t) => {
  const { store } = populated({ pods: 500, services: 200 });
  const all = store.list(pods);
  const average = all.reduce((sum, { body }) => sum + body.length, 0) / all.length;
  t.true(average > 2_000 && average < 2_600, `pods of ${average} bytes`);
  t.is(new Set(all.map(({ document }) => textAt(document, 'status.podIP'))).size, 500);
  const services = store.list(definitionOfKey('v1/services'));
  t.is(new Set(services.map(({ document }) => textAt(document, 'spec.clusterIP'))).size, 200);
});

test('the same random source gives the same cluster', (t) => {
  const text = (): string =>
    populated()
      .store.list(pods)
      .map(({ body }) => body.toString())
      .join('\n');
  t.is(text(), text());
});

test('what a pod needs to start is there: its node, its root certificate, its service account', (t) => {
  const { store } = populated();
  for (const { namespace, document } of store.list(pods)) {
    t.truthy(store.find(definitionOfKey('v1/nodes'), '', textAt(document, 'spec.nodeName')));
    t.truthy(store.find(definitionOfKey('v1/configmaps'), namespace, 'kube-root-ca.crt'));
    t.truthy(store.find(definitionOfKey('v1/serviceaccounts'), namespace, 'default'));
  }
});

test('it lives: in ten minutes much has changed, nothing has grown, and what belongs together fits', (t) => {
  const { store, clock, random } = populated();
  const count = (definition: ResourceDefinition): number => store.list(definition).length;
  const before = store.revision;
  const stop = startClusterLife(store, { clock, random });
  clock.advance(602_000);
  const perSecond = (store.revision - before) / 602;
  t.true(perSecond > 1 && perSecond < 10, `${perSecond} changes a second`);
  t.is(store.list(pods).filter(({ document }) => document.metadata.deletionTimestamp === undefined).length, 40);
  t.true(count(definitionOfKey('v1/events')) <= 100);
  for (const { document } of store.list(definitionOfKey('coordination.k8s.io/v1/leases'))) {
    t.true(clock.now() - Date.parse(textAt(document, 'spec.renewTime')) < 15_000);
  }
  stop();
  const after = store.revision;
  clock.advance(60_000);
  t.is(store.revision, after, 'and stops when told to');
});

test('a deleted pod is replaced, and its service follows', (t) => {
  const { store, clock } = populated();
  const life = new ClusterLife(store, clock, () => 0.99);
  const slices = definitionOfKey('discovery.k8s.io/v1/endpointslices');
  const addresses = (): unknown[] =>
    listAt(store.get(slices, 'shop', 'web-slice').document, 'endpoints')
      .filter((endpoint) => at(endpoint, 'conditions.ready'))
      .flatMap((endpoint) => listAt(endpoint, 'addresses'));
  const victim = store.list(pods).find(({ name }) => name.startsWith('web-'))!;
  const address = textAt(victim.document, 'status.podIP');
  t.true(addresses().includes(address));
  store.delete(pods, victim.namespace, victim.name);
  life.step();
  t.false(addresses().includes(address));
  clock.advance(2_000);
  life.step();
  t.is(store.find(pods, victim.namespace, victim.name), undefined);
  t.is(addresses().length, 5);
});
