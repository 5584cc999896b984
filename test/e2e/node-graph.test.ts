// What kubelet reads for the pods of its node, and nothing beyond: the real node authorizer says so with the link up, the
// hub with the link cut. The tests run in the order in which they stand.
import type { ExecutionContext } from 'ava';
import { eventually } from './eventually.ts';
import { createNode, type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const shop = '/api/v1/namespaces/shop';
const secrets = `${shop}/secrets`;
const volumes = '/api/v1/persistentvolumes';
const csiNodes = '/apis/storage.k8s.io/v1/csinodes';
/** By the way in which a pod refers to each. */
const referred = ['volume', 'projected', 'env', 'pull', 'dying'] as const;

let lab: Lab;
let dyingUid: string;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      await createNamespace('storage');
      await createNode(admin, 'edge-2');
      for (const name of [...referred, 'unused', 'elsewhere']) {
        await admin.expect('POST', secrets, { metadata: { name }, stringData: { key: `secret of ${name}` } });
        await admin.expect('POST', `${shop}/configmaps`, { metadata: { name }, data: { key: name } });
      }
      await admin.expect('POST', '/api/v1/namespaces/storage/secrets', { metadata: { name: 'stage' } });
      await admin.expect('POST', `${shop}/serviceaccounts`, { metadata: { name: 'web' } });
      const csi = {
        driver: 'd.example',
        volumeHandle: 'h',
        nodeStageSecretRef: { name: 'stage', namespace: 'storage' },
      };
      const capacity = { storage: '1Gi' };
      const accessModes = ['ReadWriteOnce'];
      const claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace: 'shop', name: 'data' };
      const claim = { accessModes, resources: { requests: capacity }, volumeName: 'disk', storageClassName: '' };
      const { metadata } = await admin.expect('POST', `${shop}/persistentvolumeclaims`, {
        metadata: { name: 'data' },
        spec: claim,
      });
      await admin.expect('POST', volumes, {
        metadata: { name: 'disk' },
        spec: { capacity, accessModes, csi, claimRef: { ...claimRef, uid: metadata.uid } },
      });
      for (const name of [nodeName, 'edge-2']) {
        await admin.expect('POST', csiNodes, { metadata: { name }, spec: { drivers: [] } });
      }
      await admin.expect('POST', `${shop}/pods`, podOf('web', nodeName, webSpec()));
      const spec = { volumes: [{ name: 'v', secret: { secretName: 'dying' } }] };
      dyingUid = (await admin.expect('POST', `${shop}/pods`, podOf('dying', nodeName, spec))).metadata.uid;
      const elsewhere = { volumes: [{ name: 'v', secret: { secretName: 'elsewhere' } }] };
      await admin.expect('POST', `${shop}/pods`, podOf('elsewhere', 'edge-2', elsewhere));
    },
  });
  await eventually('the hub knows the pods', async () => {
    const path = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=0`;
    return (await lab.node.expect('GET', path)).items.length === 2;
  });
});
test.after.always(() => lab?.stop());

test('link up: the cloud lets the node read what its pods refer to', async (t) => {
  for (const path of needed()) t.is((await lab.node.request('GET', path)).status, 200, path);
  for (const path of foreign()) t.is((await lab.node.request('GET', path)).status, 403, path);
});

test('link cut: all of that is answered as it was, and nothing else', async (t) => {
  const online = new Map<string, unknown>();
  for (const path of needed()) online.set(path, (await lab.node.expect('GET', path)).data);
  await lab.cut('refuse');
  await expectAll(t, online);
  await lab.restartHub();
  await expectAll(t, online);
});

test('a Secret goes out of sight with the last pod that refers to it', async (t) => {
  const preconditions = { uid: dyingUid };
  const deletion = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions };
  t.is((await lab.node.request('DELETE', `${shop}/pods/dying`, deletion)).status, 200);
  for (const path of [`${secrets}/dying`, ...listsOf('dying')]) {
    const answer = await lab.node.request('GET', path);
    t.is(answer.status, 503, path);
    t.regex(answer.body.message, /no pod of this node refers to it/);
    t.is(answer.headers['retry-after'], undefined);
  }
  t.is((await lab.node.request('GET', `${secrets}/volume`)).status, 200);
});

function webSpec(): object {
  const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: 'env', key: 'key' } } }];
  return {
    serviceAccountName: 'web',
    imagePullSecrets: [{ name: 'pull' }],
    containers: [{ name: 'main', image: 'registry.example/web:1', env, envFrom: [{ configMapRef: { name: 'env' } }] }],
    volumes: [
      { name: 's', secret: { secretName: 'volume' } },
      { name: 'c', configMap: { name: 'volume' } },
      { name: 'p', projected: { sources: [{ secret: { name: 'projected' } }] } },
      { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
    ],
  };
}

/** As kubelet asks: by name, and by a reflector for that one name. */
function listsOf(name: string): string[] {
  const selected = `${secrets}?fieldSelector=metadata.name%3D${name}`;
  return [`${selected}&limit=500&resourceVersion=0`, selected];
}

function needed(): string[] {
  return [
    ...referred.flatMap((name) => [`${secrets}/${name}`, ...listsOf(name)]),
    '/api/v1/namespaces/storage/secrets/stage',
    ...['volume', 'env'].map((name) => `${shop}/configmaps/${name}`),
    `${shop}/persistentvolumeclaims/data`,
    `${volumes}/disk`,
    `${csiNodes}/${nodeName}`,
    `/api/v1/nodes/${nodeName}`,
  ];
}

function foreign(): string[] {
  return [
    ...['unused', 'elsewhere'].flatMap((name) => [`${secrets}/${name}`, ...listsOf(name)]),
    `${shop}/configmaps/unused`,
    secrets,
    '/api/v1/secrets',
    `${csiNodes}/edge-2`,
    `/api/v1/nodes/edge-2`,
  ];
}

async function expectAll(t: ExecutionContext, online: ReadonlyMap<string, unknown>): Promise<void> {
  for (const [path, data] of online) {
    const answer = await lab.node.request('GET', path);
    t.is(answer.status, 200, path);
    t.is(answer.headers['x-holdfast-source'], 'cache', path);
    t.deepEqual(answer.body.data, data, path);
  }
  for (const path of foreign()) {
    const answer = await lab.node.request('GET', path);
    t.is(answer.status, 503, path);
    t.is(answer.body.kind, 'Status', path);
  }
}
