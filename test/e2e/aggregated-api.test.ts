// An API server behind the kube-apiserver (metrics-server is one) that answers 401: not the cloud's word on who asked. What the
// kube-apiserver itself refuses under the same path is.
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import { createPki } from './kubeconfig.ts';
import { type Lab, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const group = 'things.example.com';
const things = `/apis/${group}/v1/namespaces/shop/things`;
const configMaps = '/api/v1/namespaces/shop/configmaps';
const rules = [{ apiGroups: ['', group], resources: ['configmaps', 'things'], verbs: ['get', 'list', 'watch'] }];

let lab: Lab;
let behind: Server;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace, directory }) {
      await createNamespace('shop');
      await admin.expect('POST', configMaps, { metadata: { name: 'settings' }, data: { a: 'b' } });
      behind = await startUnfriendlyApi(join(directory, 'behind'));
      const { port } = behind.address() as AddressInfo;
      const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ port }] };
      await admin.expect('POST', '/api/v1/namespaces/shop/services', { metadata: { name: 'things' }, spec });
      const services = '/apis/apiregistration.k8s.io/v1/apiservices';
      await admin.expect('POST', services, {
        metadata: { name: `v1.${group}` },
        spec: {
          group,
          version: 'v1',
          service: { namespace: 'shop', name: 'things', port },
          insecureSkipTLSVerify: true,
          groupPriorityMinimum: 100,
          versionPriority: 10,
        },
      });
      await eventually('the apiserver passes requests on', async () => {
        const { status } = (await admin.expect('GET', `${services}/v1.${group}`)) as Registered;
        return status?.conditions?.some(({ type, status: is }) => type === 'Available' && is === 'True') === true;
      });
    },
  });
});
test.after.always(async () => {
  await lab?.stop();
  behind?.close();
});

test('a 401 of an API server behind takes nothing from a token, nor the node off the link; one of the apiserver does', async (t) => {
  const app = await lab.account('shop', 'app', rules);
  const leaver = await lab.account('shop', 'leaver', rules);
  for (const token of [app, leaver]) {
    await lab.as(token).expect('GET', `${configMaps}/settings`);
    for (const path of [things, `${things}/one`, `${things}?watch=true`])
      t.is((await lab.as(token).request('GET', path)).status, 401, `${path}, of the API behind`);
  }
  await lab.plane.admin.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'nodes-and-things' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'shop-app' },
    subjects: [{ kind: 'Group', name: 'system:nodes', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  await eventually('the node may ask', async () => (await lab.node.request('GET', things)).status === 401);
  t.deepEqual(
    lab.logged('connectivity.changed').filter(({ to }) => to === 'offline'),
    [],
    'the node was not taken for one whose credential is refused',
  );

  await lab.plane.admin.expect('DELETE', '/api/v1/namespaces/shop/serviceaccounts/leaver');
  const { url, caFile } = lab.plane;
  const direct = new ApiClient({ url, caFile, credentials: { token: leaver } });
  await eventually('the apiserver itself refuses the token', async () => {
    const { status, headers } = await direct.request('GET', things);
    return status === 401 && headers['x-kubernetes-pf-flowschema-uid'] === undefined;
  });
  t.is((await lab.as(leaver).request('GET', things)).status, 401, 'of the apiserver');

  await lab.cut();
  t.is((await lab.as(app).request('GET', `${configMaps}/settings`)).status, 200);
  t.is((await lab.as(leaver).request('GET', `${configMaps}/settings`)).status, 503);
});

interface Registered {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Tells what it serves, and asks everybody who wants it for another login. */
async function startUnfriendlyApi(directory: string): Promise<Server> {
  const { certificateFile, keyFile } = createPki(directory).issue({ commonName: 'localhost', organizations: [] });
  const found = {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${group}/v1`,
    resources: [{ name: 'things', namespaced: true, kind: 'Thing', verbs: ['get', 'list', 'watch'] }],
  };
  const refused = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 401, reason: 'Unauthorized' };
  const files = { cert: await readFile(certificateFile), key: await readFile(keyFile) };
  const server = createServer(files, ({ url }, response) => {
    const isDiscovery = url === `/apis/${group}/v1`;
    response.writeHead(isDiscovery ? 200 : 401, { 'content-type': 'application/json', 'audit-id': 'behind' });
    response.end(JSON.stringify(isDiscovery ? found : refused));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return server;
}
