import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { namedClaims, namedSecrets } from '../../../src/hub/offline/named-secrets.ts';

const at = (spec: JsonObject): readonly string[] =>
  namedSecrets({ metadata: { annotations: { secretName: 'no' } }, spec }).map(
    ({ namespace, name }) => `${namespace}/${name}`,
  );
const volume = (source: JsonObject): JsonObject => ({ volumes: [{ name: 'v', ...source }] });

test('every way in which a pod can name a Secret is known', (t) => {
  const env = (container: string): JsonObject => ({
    [container]: [
      {
        name: 'main',
        env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        envFrom: [{ secretRef: { name: 'r' } }, { configMapRef: { name: 'not-me' } }],
      },
    ],
  });
  for (const container of ['containers', 'initContainers', 'ephemeralContainers']) {
    t.deepEqual(at(env(container)), ['/s', '/r'], container);
  }
  const sources: JsonObject[] = [
    { secret: { secretName: 's', items: [{ key: 'name', path: 'p' }] } },
    { projected: { sources: [{ secret: { name: 's' } }, { configMap: { name: 'not-me' } }] } },
    { csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } },
    { azureFile: { secretName: 's', shareName: 'x' } },
    { cephfs: { monitors: [], secretRef: { name: 's' } } },
    { cinder: { volumeID: 'x', secretRef: { name: 's' } } },
    { flexVolume: { driver: 'd', secretRef: { name: 's' } } },
    { iscsi: { iqn: 'x', secretRef: { name: 's' } } },
    { rbd: { image: 'x', secretRef: { name: 's' } } },
    { scaleIO: { system: 'x', secretRef: { name: 's' } } },
    { storageos: { volumeName: 'x', secretRef: { name: 's' } } },
  ];
  for (const source of sources) t.deepEqual(at(volume(source)), ['/s'], JSON.stringify(source));
  t.deepEqual(at({ imagePullSecrets: [{ name: 'a' }, { name: 'b' }] }), ['/a', '/b']);
});

test('what is no reference to a Secret is none', (t) => {
  const others: JsonObject[] = [
    { containers: [{ name: 'secret', env: [{ name: 'SECRET', value: 'x' }] }] },
    volume({ configMap: { name: 'c' } }),
    volume({ projected: { sources: [{ serviceAccountToken: { path: 'token' } }, { downwardAPI: {} }] } }),
    volume({ persistentVolumeClaim: { claimName: 'c' } }),
    { serviceAccountName: 'secret-reader', nodeName: 'n' },
  ];
  for (const other of others) t.deepEqual(at(other), [], JSON.stringify(other));
  for (const nothing of [null, 'x', [], {}, { spec: null }]) t.deepEqual(namedSecrets(nothing), []);
});

test('a volume names its Secrets with their namespace', (t) => {
  const csi = {
    nodeStageSecretRef: { name: 'stage', namespace: 'storage' },
    nodePublishSecretRef: { name: 'publish', namespace: 'storage' },
    nodeExpandSecretRef: { name: 'expand', namespace: 'storage' },
  };
  t.deepEqual(at({ csi }), ['storage/stage', 'storage/publish', 'storage/expand']);
  t.deepEqual(at({ azureFile: { secretName: 's', secretNamespace: 'storage' } }), ['storage/s']);
});

test('the claims of a pod are those it names, and those made for its ephemeral volumes', (t) => {
  const volumes = [
    { name: 'data', persistentVolumeClaim: { claimName: 'mine' } },
    { name: 'scratch', ephemeral: { volumeClaimTemplate: {} } },
    { name: 'none', emptyDir: {} },
  ];
  t.deepEqual(namedClaims({ metadata: { name: 'web' }, spec: { volumes } }), ['mine', 'web-scratch']);
  for (const nothing of [null, {}, { spec: {} }]) t.deepEqual(namedClaims(nothing), []);
});
