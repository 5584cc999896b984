// What people do with kubectl while the link is cut: the same commands, once straight to the apiserver and once through
// the hub without a cloud, leave the same object behind, and the cloud knows by which hand each field was written.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type JsonDraft, type JsonObject, parseJson } from '../../src/apimachinery/json.ts';
import { binaries } from './build-binaries.ts';
import type { ControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { type KubectlResult, kubectl } from './kubectl.ts';
import { type Lab, startLab } from './lab.ts';

const names = ['kubectl', 'kubectl-1.32'] as const;
type Version = (typeof names)[number];
type Step = readonly [args: readonly string[], stdin?: object];

let lab: Lab;
let programs: Record<Version, string>;
let directory: string;
let token: string;
let caches = 0;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  programs = await binaries(names);
  directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-kubectl-writes-'));
  const kept = ['configmaps', 'example.test/anchors', 'example.test/buoys'];
  lab = await startLab({
    hubArguments: ['--replay-jitter', '0s', ...kept.flatMap((rule) => ['--offline-writes', rule])],
    prepare,
  });
  token = await lab.account('shop', 'person', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
});
test.after.always(async () => {
  await lab?.stop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

test.beforeEach(async () => {
  if ((await lab.status()).link.state !== 'online') await lab.heal();
});

async function prepare(plane: ControlPlane): Promise<void> {
  await plane.createNamespace('shop');
  const labels = { app: 'web' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'registry.example/web:1' }] } };
  await plane.admin.expect('POST', '/apis/apps/v1/namespaces/shop/deployments', {
    metadata: { name: 'web' },
    spec: { replicas: 1, selector: { matchLabels: labels }, template },
  });
  for (const [plural, kind, hasStatus] of [
    ['anchors', 'Anchor', false],
    ['buoys', 'Buoy', true],
  ] as const) {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const subresources = hasStatus ? { subresources: { status: {} } } : {};
    await plane.admin.expect('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: `${plural}.example.test` },
      spec: {
        group: 'example.test',
        scope: 'Namespaced',
        names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
        versions: [{ name: 'v1', served: true, storage: true, schema, ...subresources }],
      },
    });
    const path = `/apis/example.test/v1/namespaces/shop/${plural}`;
    await eventually(`${plural} are served`, async () => (await plane.request('GET', path)).status === 200);
  }
}

const configMap = (name: string, data: object, labels: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', labels },
  data,
});
const custom = (kind: string, name: string, spec: object, status?: object) => ({
  apiVersion: 'example.test/v1',
  kind,
  metadata: { name, namespace: 'shop' },
  spec,
  ...(status !== undefined && { status }),
});

interface Subject {
  readonly what: string;
  readonly path: string;
  /** Makes it, and shows the hub what this person may do with it. */
  readonly online: (name: string) => readonly Step[];
  readonly offline: (name: string) => readonly Step[];
}

const subjects: readonly Subject[] = [
  {
    what: 'a ConfigMap',
    path: '/api/v1/namespaces/shop/configmaps',
    online: (name) => [
      [['apply', '-f', '-'], configMap(name, { color: 'red', old: 'x' }, { tier: 'back' })],
      [['label', 'cm', name, 'seen=yes']],
      [['replace', '-f', '-'], configMap(name, { color: 'red', old: 'x', extra: 'by replace' }, { tier: 'back' })],
      [['apply', '-f', '-'], configMap(name, { color: 'red', old: 'x', size: '1' }, { tier: 'back' })],
    ],
    offline: (name) => [
      [['apply', '-f', '-'], configMap(name, { color: 'blue', size: '2' }, { tier: 'front' })],
      [['apply', '-f', '-'], configMap(name, { color: 'blue', size: '2' }, { tier: 'front' })],
      [['label', 'cm', name, 'team=edge']],
      [['annotate', 'cm', name, 'example.com/note=written offline']],
      [['patch', 'cm', name, '-p', '{"data":{"patched":"strategic"}}']],
      [['patch', 'cm', name, '--type=merge', '-p', '{"data":{"extra":null,"merged":"yes"}}']],
      [['patch', 'cm', name, '--type=json', '-p', '[{"op":"add","path":"/data/listed","value":"yes"}]']],
      [['apply', '-f', '-'], configMap(name, { color: 'green' }, { tier: 'front' })],
    ],
  },
  {
    what: 'a custom resource whose status is a member like any other',
    path: '/apis/example.test/v1/namespaces/shop/anchors',
    online: (name) => [
      [['apply', '-f', '-'], custom('Anchor', name, { depth: 1, list: [1, 2] })],
      [['apply', '-f', '-'], custom('Anchor', name, { depth: 2, list: [1, 2] })],
    ],
    offline: (name) => [
      [['apply', '-f', '-'], custom('Anchor', name, { list: [3] }, { state: 'holds' })],
      [['patch', 'anchor', name, '--type=merge', '-p', '{"spec":{"chain":{"links":9007199254740993}}}']],
      [['patch', 'anchor', name, '--type=json', '-p', '[{"op":"replace","path":"/status/state","value":"drags"}]']],
    ],
  },
  {
    what: 'a custom resource with a status subresource',
    path: '/apis/example.test/v1/namespaces/shop/buoys',
    online: (name) => [
      [['apply', '-f', '-'], custom('Buoy', name, { light: 'off' })],
      [['patch', 'buoy', name, '--type=merge', '-p', '{"spec":{"light":"on"}}']],
      [['patch', 'buoy', name, '--subresource=status', '--type=merge', '-p', '{"status":{"lit":false}}']],
    ],
    offline: (name) => [
      [['apply', '-f', '-'], custom('Buoy', name, { light: 'red', every: 5 }, { ignored: true })],
      [['patch', 'buoy', name, '--subresource=status', '--type=merge', '-p', '{"status":{"lit":true}}']],
      [['label', 'buoy', name, 'sea=north']],
    ],
  },
];

for (const version of names) {
  for (const { what, path, online, offline } of subjects) {
    test.serial(`${version}: ${what} written offline is what the same commands make of it online`, async (t) => {
      t.timeout(120_000);
      const direct = lab.plane.tokenKubeconfig(token);
      const ours = `ours-${version.replace('.', '-')}`;
      const theirs = `theirs-${version.replace('.', '-')}`;
      const said: string[] = [];
      for (const step of [...online(theirs), ...offline(theirs)]) {
        const { stdout } = await succeeds(t, version, direct, step);
        said.push(stdout.replaceAll(theirs, ours));
      }
      const heard: string[] = [];
      for (const step of online(ours)) heard.push((await succeeds(t, version, through(), step)).stdout);
      await succeeds(t, version, through(), [['get', path.slice(path.lastIndexOf('/') + 1)]]);
      await lab.followed(path.includes('example.test') ? `example.test/v1/${path.split('/').at(-1)}` : 'v1/configmaps');

      await lab.cut();
      for (const step of offline(ours)) heard.push((await succeeds(t, version, through(), step)).stdout);
      t.deepEqual(heard, said, 'kubectl says the same');
      const before = lab.proxy.requests.length;
      await lab.heal();
      await nothingOwed(t);

      const shown = async (name: string) =>
        comparable((await lab.plane.admin.request('GET', `${path}/${name}`)).raw.toString().replaceAll(theirs, ours));
      t.deepEqual(await shown(ours), await shown(theirs));
      const written = lab.proxy.requests.slice(before).filter(({ method }) => method !== 'GET');
      t.true(written.length > 0);
      for (const { headers, path: of } of written)
        t.regex(headers['user-agent'] ?? '', /^kubectl(-1\.32)?\/v1\.3[25]/, of);
    });
  }

  test.serial(
    `${version}: what only the cloud can do fails offline at once, says why, and is not done later`,
    async (t) => {
      t.timeout(120_000);
      const anchor = custom('Anchor', 'strict', { depth: 1 });
      await succeeds(t, version, through(), [['apply', '-f', '-'], anchor]);
      await succeeds(t, version, through(), [['label', 'anchor', 'strict', `${version}=seen`]]);
      const deployments = '/apis/apps/v1/namespaces/shop/deployments';
      await succeeds(t, version, through(), [['get', 'deploy,hpa,cm,anchors']]);
      await lab.followed('apps/v1/deployments');
      const before = (await lab.plane.admin.request('GET', `${deployments}/web`)).body;
      await lab.cut();
      const map = configMap('new', {});
      for (const [step, why] of [
        [[['scale', 'deploy', 'web', '--replicas=3']], /scale changes what controllers in the cloud do/],
        [
          [['autoscale', 'deploy', 'web', '--max=3']],
          /horizontalpodautoscalers.* never kept offline|failed to create autoscaling\/v2 HPA/,
        ],
        [[['rollout', 'restart', 'deploy/web']], /deployments.* never kept offline/],
        [[['set', 'image', 'deploy/web', 'main=other']], /deployments.* never kept offline/],
        [[['delete', 'deploy', 'web']], /deployments.* never kept offline/],
        [[['create', 'deploy', 'more', '--image=x']], /deployments.* never kept offline/],
        [[['apply', '--server-side', '-f', '-'], map], /server-side apply/],
        [[['apply', '--dry-run=server', '-f', '-'], map], /dry run/],
        [[['delete', 'cm', '--all']], /not reachable/],
        [[['create', 'token', 'person']], /tokens are signed there|not reachable/],
      ] as const) {
        const { code, stderr, ms } = await run(version, through(), step);
        const words = step[0].join(' ');
        t.is(code, 1, words);
        t.regex(stderr, why, words);
        t.true(ms < 10_000, `${words} took ${ms} ms`);
      }
      const strategic: Step = [['patch', 'anchor', 'strict', '--type=strategic', '-p', '{"spec":{"depth":2}}']];
      const offline = await run(version, through(), strategic);
      t.is(offline.code, 1);
      await lab.heal();
      await nothingOwed(t);
      const online = await run(version, lab.plane.tokenKubeconfig(token), strategic);
      t.deepEqual([offline.code, offline.stderr], [online.code, online.stderr], '415 in the same words');
      t.deepEqual((await lab.plane.admin.request('GET', `${deployments}/web`)).body, before);
      t.is((await lab.plane.admin.request('GET', '/api/v1/namespaces/shop/configmaps/new')).status, 404);
    },
  );
}

function through(): string {
  return lab.kubeconfig({ token });
}

function run(version: Version, kubeconfig: string, [args, stdin]: Step): Promise<KubectlResult> {
  caches += 1;
  const options = { program: programs[version], kubeconfig, cacheDir: join(directory, `cache-${caches}`) };
  const input = stdin === undefined ? {} : { stdin: JSON.stringify(stdin) };
  return kubectl({ ...options, ...input, timeoutMs: 60_000 }, '-n', 'shop', ...args);
}

async function succeeds(t: ExecutionContext, version: Version, kubeconfig: string, step: Step): Promise<KubectlResult> {
  const result = await run(version, kubeconfig, step);
  t.is(result.code, 0, `${step[0].join(' ')}: ${result.stderr}`);
  return result;
}

async function nothingOwed(t: ExecutionContext): Promise<void> {
  await eventually('nothing is owed', async () => {
    const { outbox } = (await lab.hub.admin.request('GET', '/status')).body;
    t.is(outbox.parked, 0);
    return outbox.waiting === 0;
  });
}

const differing = ['uid', 'resourceVersion', 'creationTimestamp', 'generation'];

/** Without what can only differ. Writes that lie together until the heal may be one to the cloud, so it counts fewer. */
function comparable(raw: string): unknown {
  const { metadata, ...content } = parseJson(raw) as Record<string, JsonObject>;
  const { managedFields, ...kept } = metadata!;
  const hands = (managedFields as JsonObject[]).map(({ time: _time, ...hand }) => hand);
  const byName = hands.toSorted((one, other) => (nameOfHand(one) < nameOfHand(other) ? -1 : 1));
  for (const key of differing) delete (kept as JsonDraft)[key];
  return { ...content, metadata: { ...kept, managedFields: byName } };
}

function nameOfHand({ manager, subresource = '' }: JsonObject): string {
  return `${manager} ${subresource}`;
}
