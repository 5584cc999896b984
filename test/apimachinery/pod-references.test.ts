import test from 'ava';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/apimachinery/json.ts';
import { podReferences } from '../../src/apimachinery/pod-references.ts';
import { schemaOf } from '../../src/apimachinery/schema/schema-of.ts';
import { jsonValue } from '../support/json-arbitraries.ts';
import { merged, placesOf, withNames } from '../support/reference-places.ts';

const places = placesOf(schemaOf('v1', 'Pod')!);

test('wherever the type of a pod has a place for a Secret or ConfigMap its name is found, and nothing in free keys is', (t) => {
  t.true(places.references.length > 20);
  t.true(places.maps.some(({ path }) => path === 'spec.volumes.csi.volumeAttributes'));
  fc.assert(
    fc.property(withNames(places), ({ object, names }) => {
      const found = podReferences(object).map(({ resource, name }) => `${resource}/${name}`);
      t.deepEqual(found.sort(), [...names].sort());
    }),
  );
});

test('each place is one: its name alone is found', (t) => {
  for (const { resource, path, with: named } of places.references) {
    const found = podReferences(named('one')).map(({ resource: kind, name }) => `${kind}/${name}`);
    t.deepEqual(found, [`${resource}/one`], path);
  }
});

test('what is no pod refers to nothing it could be held to, and is no fault', (t) => {
  fc.assert(
    fc.property(jsonValue, fc.constantFrom(...places.references), (value: JsonValue, { with: named }) => {
      t.notThrows(() => podReferences(value));
      t.notThrows(() => podReferences({ spec: value }));
      t.notThrows(() =>
        podReferences(merged(named('one'), { spec: { containers: value, volumes: value } }) as JsonObject),
      );
    }),
  );
});

test('a pod’s Secrets and ConfigMaps are found wherever it names them, each once', (t) => {
  const references = podReferences({
    spec: {
      imagePullSecrets: [{ name: 'registry' }],
      initContainers: [{ envFrom: [{ configMapRef: { name: 'defaults', optional: true } }] }],
      containers: [
        {
          env: [
            { name: 'A', value: 'plain' },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
            { name: 'C', valueFrom: { configMapKeyRef: { name: 'defaults', key: 'c' } } },
            { name: 'D', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          envFrom: [{ secretRef: { name: 'db', optional: true } }],
        },
      ],
      ephemeralContainers: [{ envFrom: [{ secretRef: { name: 'debug' } }] }],
      volumes: [
        { name: 'tls', secret: { secretName: 'tls', optional: true } },
        { name: 'page', configMap: { name: 'page' } },
        {
          name: 'token',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token' } },
              { configMap: { name: 'kube-root-ca.crt' } },
              { secret: { name: 'extra' } },
            ],
          },
        },
        { name: 'scratch', emptyDir: {} },
      ],
    },
  });
  const said = references.map(({ resource, name, isOptional }) => `${resource}/${name}${isOptional ? '?' : ''}`);
  t.deepEqual(said.sort(), [
    'configmaps/defaults',
    'configmaps/kube-root-ca.crt',
    'configmaps/page',
    'secrets/db',
    'secrets/debug',
    'secrets/extra',
    'secrets/registry?',
    'secrets/tls?',
  ]);
});

test('a pod without any has none', (t) => {
  t.deepEqual(podReferences({ spec: { containers: [{ name: 'app' }] } }), []);
  t.deepEqual(podReferences({}), []);
});
