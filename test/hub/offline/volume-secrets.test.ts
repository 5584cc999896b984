import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';
import { volumeSecrets } from '../../../src/hub/offline/volume-secrets.ts';
import { merged, placesOf, withNames } from '../../support/reference-places.ts';

const claim = { namespace: 'shop', name: 'data' };
const bound = (volume: JsonObject): JsonObject => merged(volume, { spec: { claimRef: claim } }) as JsonObject;
const { references, maps } = placesOf(schemaOf('v1', 'PersistentVolume')!);
const isForController = ({ path }: { readonly path: string }) => /\.controller\w+SecretRef\./.test(path);
const visible = references.filter((place) => !isForController(place));

test('each place that the type of a volume has for a Secret names one, but for those that only a controller reads', (t) => {
  t.true(visible.length > 8);
  for (const place of visible) t.deepEqual(volumeSecrets(bound(place.with('one')), claim), ['shop/one'], place.path);
  for (const place of references.filter(isForController)) {
    t.deepEqual(volumeSecrets(bound(place.with('one')), claim), [], place.path);
  }
});

test('nothing in free keys of a volume names a Secret', (t) => {
  // One place at a time: a member of a volume stands there once.
  const single = fc.constantFrom(...visible).chain((place) => withNames({ references: [place], maps }));
  fc.assert(
    fc.property(single, ({ object, names }) => {
      const found = new Set(volumeSecrets(bound(object), claim));
      t.true(found.size <= 1);
      if (names.size === 0) t.is(found.size, 0);
      for (const one of found) t.regex(one, /^shop\/[a-d]$/);
    }),
  );
});

test('a Secret is of the namespace that the volume names, or of the claim’s', (t) => {
  const csi = { nodeStageSecretRef: { name: 'stage', namespace: 'storage' }, nodePublishSecretRef: { name: 'own' } };
  t.deepEqual([...volumeSecrets(bound({ spec: { csi } }), claim)].sort(), ['shop/own', 'storage/stage']);
  const azureFile = { secretName: 's', secretNamespace: 'storage' };
  t.deepEqual(volumeSecrets(bound({ spec: { azureFile } }), claim), ['storage/s']);
});

test('a volume that is not bound to the claim, however the claim names it, opens nothing', (t) => {
  const spec = { csi: { nodeStageSecretRef: { name: 'stage', namespace: 'storage' } } };
  t.deepEqual(volumeSecrets({ spec }, claim), []);
  for (const claimRef of [{ namespace: 'shop', name: 'another' }, { namespace: 'another', name: 'data' }, {}]) {
    t.deepEqual(volumeSecrets({ spec: { ...spec, claimRef } }, claim), []);
  }
});
