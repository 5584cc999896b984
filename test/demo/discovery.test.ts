import test from 'ava';
import { resourceDefinitions } from '../../src/demo/resource-definitions.ts';
import { ask } from '../support/demo-client.ts';
import { startTestedControlPlane } from '../support/demo-control-plane.ts';

const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };

interface DiscoveredGroup {
  readonly metadata: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources: readonly { readonly resource: string }[];
  }[];
}

test('aggregated discovery tells every kind that is served, and each of them is served', async (t) => {
  const { plane } = await startTestedControlPlane(t);
  const found: string[] = [];
  for (const root of ['/api', '/apis']) {
    const { body, headers } = await ask(plane.url + root, { headers: aggregated });
    t.is(headers['content-type'], 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    for (const { metadata, versions } of body.items as readonly DiscoveredGroup[]) {
      for (const { version, resources } of versions) {
        const path = metadata.name === undefined ? `/api/${version}` : `/apis/${metadata.name}/${version}`;
        found.push(...resources.map(({ resource }) => `${path}/${resource}`));
      }
    }
  }
  t.is(found.length, resourceDefinitions.length);
  for (const path of found) t.true([200, 405].includes((await ask(plane.url + path)).status), path);
});

test('discovery that has not changed is 304', async (t) => {
  const { plane } = await startTestedControlPlane(t);
  const { etag } = (await ask(`${plane.url}/apis`, { headers: aggregated })).headers;
  const again = await ask(`${plane.url}/apis`, { headers: { ...aggregated, 'if-none-match': etag! } });
  t.deepEqual([again.status, again.raw.length], [304, 0]);
});

test('old clients find groups and resources one by one', async (t) => {
  const { plane } = await startTestedControlPlane(t);
  const get = async (path: string) => (await ask(plane.url + path)).body;
  t.like(await get('/api'), { kind: 'APIVersions', versions: ['v1'] });
  const { groups } = await get('/apis');
  for (const { name, preferredVersion } of groups) {
    t.is((await get(`/apis/${name}`)).kind, 'APIGroup');
    const list = await get(`/apis/${preferredVersion.groupVersion}`);
    t.like(list, { kind: 'APIResourceList', groupVersion: preferredVersion.groupVersion });
  }
  const pods = (await get('/api/v1')).resources.filter(({ kind }: { kind: string }) => kind.startsWith('Pod'));
  t.deepEqual(
    pods.map(({ name }: { name: string }) => name),
    ['pods', 'pods/exec', 'pods/log', 'pods/status'],
  );
  t.is((await ask(`${plane.url}/apis/nobody.example`)).status, 404);
});

test('every OpenAPI document that the index names is there, and names only schemas it has', async (t) => {
  const { plane } = await startTestedControlPlane(t);
  const { paths } = (await ask(`${plane.url}/openapi/v3`)).body;
  for (const { serverRelativeURL } of Object.values<{ serverRelativeURL: string }>(paths)) {
    const { body } = await ask(plane.url + serverRelativeURL);
    t.is(body.openapi, '3.0.0');
    const named = [...JSON.stringify(body).matchAll(/#\/components\/schemas\/([^"]+)/g)].map(([, name]) => name!);
    for (const name of named) t.true(Object.hasOwn(body.components.schemas, name), name);
  }
});

test('version and health are for everyone', async (t) => {
  const { plane } = await startTestedControlPlane(t, { tokens: {} });
  t.is((await ask(`${plane.url}/version`)).body.gitVersion, 'v1.35.4');
  for (const path of ['/healthz', '/livez', '/readyz', '/readyz/etcd']) t.is((await ask(plane.url + path)).body, 'ok');
  t.is((await ask(`${plane.url}/api`)).status, 401);
});

test('curl and browsers get JSON to read, programs get it plain', async (t) => {
  const { at, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a');
  const lines = async (url: string, agent: string) =>
    (await ask(url, { headers: { 'user-agent': agent } })).raw.toString().trimEnd().split('\n').length;
  t.true((await lines(at('/configmaps'), 'curl/8.14')) > 10);
  t.is(await lines(at('/configmaps'), 'kubectl'), 1);
  t.is(await lines(at('/configmaps?pretty=false'), 'curl/8.14'), 1);
  t.true((await lines(at('/configmaps?pretty=true'), 'kubectl')) > 10);
});
