import test from 'ava';
import { podReferences } from '../../src/apimachinery/pod-references.ts';

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
