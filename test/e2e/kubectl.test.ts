// kubectl through the hub: what works against kube-apiserver works through it, and what has been read once is read again
// while the link is cut. The tests run in the order in which they stand.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { binaries } from './build-binaries.ts';
import { eventually } from './eventually.ts';
import { followWatch } from './followed-watch.ts';
import { type KubectlOptions, type KubectlResult, kubectl as runKubectl } from './kubectl.ts';
import { type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const names = ['kubectl', 'kubectl-1.32'] as const;
const readings: readonly (readonly string[])[] = [
  ['get', 'configmaps', '-n', 'shop'],
  ['get', 'pods', '-A', '-o', 'wide'],
  ['get', 'pods', '-A', '-l', 'app=web', '-o', 'name'],
  ['get', 'cm', 'settings', '-n', 'shop', '-o', 'yaml'],
  ['get', 'cm', 'settings', '-n', 'shop', '-o', 'jsonpath={.data.a}'],
  ['get', 'nodes', '-o', 'json'],
  ['get', 'anchors.example.test', '-n', 'shop', '-o', 'yaml'],
  ['get', 'svc,deploy', '-A', '-o', 'name'],
  ['describe', 'pod', 'web', '-n', 'shop'],
  ['api-resources', '-o', 'wide'],
  ['api-versions'],
  ['explain', 'pod.spec.containers'],
  ['explain', 'anchors.spec', '--api-version=example.test/v1'],
  ['version'],
];
/** Those that need the cloud, or what kubectl makes of its errors. */
const onlineOnly: readonly (readonly string[])[] = [
  ['get', 'all', '-n', 'shop'],
  ['get', 'pods', '-A', '--field-selector', `spec.nodeName=${nodeName}`, '--sort-by=.metadata.name', '--show-labels'],
  ['get', 'clusterroles', '--chunk-size=7', '-o', 'name'],
  ['get', 'ns', '-o', 'custom-columns=NAME:.metadata.name,PHASE:.status.phase'],
  ['get', '--raw', '/apis/apps/v1'],
  ['get', '--raw', '/readyz'],
  ['get', 'pod', 'web', '-n', 'shop', '--subresource=status', '-o', 'jsonpath={.status.phase}'],
  ['describe', 'node', nodeName],
  ['describe', 'cm', '-n', 'shop'],
  ['explain', 'deployment.spec.strategy', '--recursive'],
  ['events', '-n', 'shop'],
  ['auth', 'can-i', 'get', 'pods'],
  ['auth', 'can-i', '--list', '-n', 'shop'],
  ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'],
  ['cluster-info', 'dump', '--namespaces', 'shop', '-o', 'name'],
  ['wait', '--for=jsonpath={.data.a}=b', 'cm/settings', '-n', 'shop'],
  ['auth', 'can-i', 'use', 'the', 'moon'],
  ['get', 'nothing-of-this-kind'],
  ['get', 'cm', 'missing', '-n', 'shop'],
  ['get', 'cm', '-n', 'shop', '-l', 'a in (b'],
  ['get', 'cm', '-n', 'shop', '--field-selector', 'data.a=b'],
  ['create', 'cm', 'settings', '-n', 'shop'],
  ['create', 'cm', 'Not_A_Name', '-n', 'shop'],
  ['create', 'cm', 'new', '-n', 'nowhere'],
  ['label', 'cm', 'settings', '-n', 'shop', 'a=b', '--resource-version=1'],
  ['logs', 'web', '-n', 'shop'],
  ['top', 'pods', '-n', 'shop'],
];
let lab: Lab;
let programs: Record<(typeof names)[number], string>;
let directory: string;
let token: string;
let caches = 0;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  programs = await binaries(names);
  directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-kubectl-'));
  lab = await startLab({
    async prepare({ admin, createNamespace, request }) {
      await createNamespace('shop');
      await admin.expect('POST', '/api/v1/namespaces/shop/configmaps', {
        metadata: { name: 'settings' },
        data: { a: 'b' },
      });
      await admin.expect('POST', '/api/v1/namespaces/shop/pods', podOf('web', nodeName));
      const spec = { type: 'object', description: 'Where it holds.', properties: { depth: { type: 'integer' } } };
      await admin.expect('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
        metadata: { name: 'anchors.example.test' },
        spec: {
          group: 'example.test',
          scope: 'Namespaced',
          names: { plural: 'anchors', singular: 'anchor', kind: 'Anchor', listKind: 'AnchorList' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
            },
          ],
        },
      });
      const anchors = '/apis/example.test/v1/namespaces/shop/anchors';
      await eventually('anchors are served', async () => (await request('GET', anchors)).status === 200);
      const anchor = { apiVersion: 'example.test/v1', kind: 'Anchor', metadata: { name: 'first' }, spec: { depth: 7 } };
      await admin.expect('POST', anchors, anchor);
      await eventually(
        'anchors are explained',
        async () => (await request('GET', '/openapi/v3')).raw.includes('apis/example.test/v1'),
        { timeoutMs: 90_000 },
      );
    },
  });
  token = await lab.account('shop', 'person', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
});
test.after.always(async () => {
  await lab?.stop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

for (const name of names) {
  test(`${name}, link up: the same output as from the apiserver`, async (t) => {
    t.timeout(90_000);
    const kubeconfig = lab.plane.tokenKubeconfig(token);
    for (const args of readings) {
      const direct = await run(t, name, { kubeconfig }, ...args);
      const through = await run(t, name, {}, ...args);
      t.is(direct.code, 0, direct.stderr);
      t.is(through.code, 0, through.stderr);
      t.is(withoutTimes(through.stdout), withoutTimes(direct.stdout), args.join(' '));
      t.is(through.stderr, direct.stderr, args.join(' '));
    }
  });

  test(`${name}, link up: the same outcome and the same words, errors included`, async (t) => {
    t.timeout(120_000);
    const kubeconfig = lab.plane.tokenKubeconfig(token);
    for (const args of onlineOnly) {
      const direct = await run(t, name, { kubeconfig }, ...args);
      const through = await run(t, name, {}, ...args);
      const words = ({ code, stdout, stderr }: KubectlResult) => ({
        code,
        stdout: withoutTimes(stdout),
        stderr: withoutTimes(stderr),
      });
      t.deepEqual(words(through), words(direct), args.join(' '));
      t.log(`${through.code} ${args.join(' ')}: ${through.ms} ms, directly ${direct.ms} ms`);
    }
  });

  test(`${name}, link up: it writes`, async (t) => {
    const manifest = (color: string) =>
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `by-${name}`, namespace: 'shop' },
        data: { color },
      });
    const cm = ['cm', `by-${name}`, '-n', 'shop'];
    for (const [args, stdin, says] of [
      [['apply', '-f', '-'], manifest('red'), /created/],
      [['apply', '-f', '-'], manifest('blue'), /configured/],
      [['apply', '--server-side', '--force-conflicts', '-f', '-'], manifest('green'), /serverside-applied/],
      [['label', ...cm, 'tier=back'], '', /labeled/],
      [['patch', ...cm, '-p', '{"data":{"size":"9"}}'], '', /patched/],
      [['get', ...cm, '-o', 'jsonpath={.data}{.metadata.labels.tier}'], '', /^\{"color":"green","size":"9"\}back$/],
      [['delete', ...cm], '', /deleted/],
    ] as const) {
      const { code, stdout, stderr } = await run(t, name, { stdin }, ...args);
      t.is(code, 0, `${args.join(' ')}: ${stderr}`);
      t.regex(stdout, says);
    }
    t.is((await lab.plane.request('GET', `/api/v1/namespaces/shop/configmaps/by-${name}`)).status, 404);
  });
}

test('get -w, of each version, stays through a cut and shows what comes after it', async (t) => {
  const shown = new Map<string, string>();
  const watch = (name: (typeof names)[number], key: string, until: RegExp, ...args: readonly string[]) => {
    const onOutput = (stdout: string) => void shown.set(key, stdout);
    return run(t, name, { until, onOutput, timeoutMs: 60_000 }, 'get', 'cm', '-n', 'shop', '-w', ...args);
  };
  const watching = names.map((name) => watch(name, `names, ${name}`, /after-the-cut-/, '-o', 'name'));
  const plain = watch('kubectl', 'all', /after-the-cut-/);
  const one = watch('kubectl', 'one', /settings +2 /, 'settings');
  const path = '/api/v1/namespaces/shop/configmaps';
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const raw = followWatch(lab.as(token), `${path}?watch=true&resourceVersion=0`, { headers: { accept } });
  t.teardown(() => raw.stop());
  await eventually('all watch', async () => (await lab.status()).watchers === 2 && tableWatches() === 3);
  await lab.plane.admin.expect('PATCH', `${path}/settings`, { metadata: { annotations: { seen: 'by all' } } });
  await eventually(
    'all have heard of a change, so their watches stand',
    () => shown.size === 4 && [...shown.values()].every((stdout) => stdout.split('settings').length > 2),
  );
  await lab.cut('reset');
  await lab.heal();
  await lab.plane.admin.expect('PATCH', `${path}/settings`, { data: { second: 'one' } });
  t.regex((await one).stdout, /settings +1 [\s\S]*settings +2 /);
  await raw.waitFor('the change', ({ type }) => type === 'MODIFIED');
  t.false(
    raw.events.some(({ type }) => type === 'BOOKMARK'),
    'it did not ask for bookmarks',
  );
  await lab.plane.admin.expect('POST', path, { metadata: { name: 'after-the-cut-1' } });
  for (const { stdout, stderr } of [...(await Promise.all(watching)), await plain]) {
    t.regex(stdout, /settings/);
    t.regex(stdout, /after-the-cut-1/);
    t.is(stderr, '');
  }
  await lab.plane.admin.expect('DELETE', `${path}/after-the-cut-1`);
});

for (const life of ['', ', after kill -9']) {
  for (const name of names) {
    test(`${name}, link cut${life}: what was read is read again, by one that starts from nothing`, async (t) => {
      t.timeout(60_000);
      if ((await lab.status()).link.state === 'online') {
        await stored();
        await lab.cut('refuse');
      }
      if (life !== '' && name === names[0]) await lab.restartHub();
      for (const args of readings) {
        const { code, stdout, stderr, ms } = await run(t, name, {}, ...args);
        t.is(code, 0, `${args.join(' ')}: ${stderr}`);
        t.true(ms < 5_000, `${args.join(' ')} took ${ms} ms`);
        if (tables.has(args)) {
          t.regex(stdout, /settings|web/);
          continue;
        }
        const direct = await run(t, name, { kubeconfig: lab.plane.tokenKubeconfig(token) }, ...args);
        t.is(withoutTimes(stdout), withoutTimes(direct.stdout), args.join(' '));
      }
    });
  }
}

test('link cut: what cannot be answered fails at once, and says why', async (t) => {
  const manifest = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'new', namespace: 'shop' },
  });
  for (const args of [
    ['get', 'secrets', '-A'],
    ['get', 'ingresses', '-n', 'shop'],
    ['apply', '-f', '-'],
    ['apply', '--server-side', '-f', '-'],
    ['create', 'cm', 'new', '-n', 'shop'],
    ['delete', 'cm', 'settings', '-n', 'shop'],
    ['label', 'cm', 'settings', '-n', 'shop', 'a=b'],
    ['logs', 'web', '-n', 'shop'],
    ['exec', 'web', '-n', 'shop', '--', 'id'],
    ['auth', 'can-i', 'get', 'pods'],
  ]) {
    const { code, stderr, ms } = await run(t, 'kubectl', { stdin: manifest }, ...args);
    t.is(code, 1, args.join(' '));
    t.regex(stderr, /the cloud is not reachable/, args.join(' '));
    t.true(ms < 5_000, `${args.join(' ')} took ${ms} ms`);
  }
});

test('link cut: get -w lists what is known, waits, and goes on when the link is back', async (t) => {
  const watching = run(t, 'kubectl', { until: /made-after/, timeoutMs: 60_000 }, 'get', 'cm', '-n', 'shop', '-w');
  await eventually('it watches', async () => (await lab.status()).watchers === 1);
  await lab.heal();
  await lab.plane.admin.expect('POST', '/api/v1/namespaces/shop/configmaps', { metadata: { name: 'made-after' } });
  const { stdout, stderr } = await watching;
  t.regex(stdout, /settings[\s\S]*made-after/, stderr);
});

test('the kubeconfig that the hub writes for its node works as it is', async (t) => {
  const { code, stdout, stderr } = await run(
    t,
    'kubectl',
    { kubeconfig: join(lab.hub.dataDir, 'kubeconfig') },
    'auth',
    'whoami',
    '-o',
    'jsonpath={.status.userInfo.username}',
  );
  t.is(code, 0, stderr);
  t.is(stdout, `system:node:${nodeName}`);
});

/** Offline a Table is answered by the plain list, so these have fewer columns. */
const tables = new Set(readings.slice(0, 2));

async function run(
  _t: ExecutionContext,
  name: (typeof names)[number],
  options: Partial<KubectlOptions>,
  ...args: readonly string[]
): Promise<KubectlResult> {
  caches += 1;
  const cacheDir = join(directory, `cache-${caches}`); // nothing is left from the call before
  return runKubectl({ program: programs[name], kubeconfig: lab.kubeconfig({ token }), cacheDir, ...options }, ...args);
}

/** Everything that somebody listed is followed and complete. */
async function stored(): Promise<void> {
  await eventually('all is stored', async () =>
    (await lab.status()).scopes.every((one) => one.complete && one.following),
  );
}

/** A Table cannot be shared: each is a watch of its own for the cloud. */
function tableWatches(): number {
  const isTable = ({ headers }: { headers: { accept?: string | undefined } }) => headers.accept?.includes('as=Table');
  return lab
    .upstream('/api/v1/namespaces/shop/configmaps', 'watch')
    .filter((one) => isTable(one) && one.end === undefined).length;
}

/** Ages go on between two calls. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\b(\d+[dhms])+\b/g, 'AGE').replaceAll(/AGE +/g, 'AGE ');
}
