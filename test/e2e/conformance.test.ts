// What works against a kube-apiserver works through the hub: Kubernetes' own specs of sig-api-machinery say so.
// All of them run, but those below, each with the reason why it says nothing about a hub or cannot run here.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaries } from './build-binaries.ts';
import { allSpecs, runSpecs, type SpecResult } from './conformance.ts';
import { startHollowNode } from './hollow-node.ts';
import { nodeName, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

/** CONFORMANCE_DIRECT=1 runs the specs against the kube-apiserver itself: for finding out whose fault a failure is. */
const isDirect = process.env.CONFORMANCE_DIRECT === '1';
/** CONFORMANCE_FOCUS=REGEXP runs only some. */
const focus = process.env.CONFORMANCE_FOCUS ? new RegExp(process.env.CONFORMANCE_FOCUS) : undefined;

const leftOut: readonly (readonly [RegExp, string])[] = [
  [
    /AdmissionWebhook|ConversionWebhook|CustomResourceFieldSelectors/,
    'needs a webhook server in a pod that really runs',
  ],
  [/Aggregator|Aggregated APIServer|1\.17 sample-apiserver/, 'needs an apiserver in a pod that really runs'],
  [/\[Disruptive\]/, 'kills the control plane over SSH'],
  [/\[Feature:OffByDefault\]|StorageVersionAPI/, 'needs a feature gate that is off by default'],
  [/\[Flaky\]/, 'fails now and then upstream'],
  [/of 100 namespaces/, 'measures how fast the controllers are'],
  [/drowned out/, 'measures the fairness of the apiserver under load'],
];
test.before(async (t) => {
  t.timeout(1_200_000, 'the first run builds Kubernetes');
  await binaries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl', 'conformance']);
});

test('every spec of sig-api-machinery that can run here passes through the hub', async (t) => {
  t.timeout(900_000);
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-conformance-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const everything = await allSpecs(directory);
  const specs = everything.filter((name) => !leftOut.some(([what]) => what.test(name)) && (focus?.test(name) ?? true));
  for (const [what] of leftOut)
    t.true(
      everything.some((name) => what.test(name)),
      `nothing is left out by ${what}`,
    );

  const lab = await startLab({
    withoutProxy: true,
    controlPlane: {
      controllerManager: true,
      // Specs wait for a version to be compacted away and for quotas to be counted anew: five minutes each by default.
      apiserverArguments: ['--etcd-compaction-interval=30s'],
      controllerManagerArguments: ['--resource-quota-sync-period=15s'],
    },
  });
  t.teardown(() => lab.stop());
  const { admin } = lab.plane;
  const token = await lab.account('default', 'tester', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);
  await admin.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'tester-is-admin' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'tester' }],
  });
  const hollow = await startHollowNode({ name: nodeName, scheduler: admin, kubelet: lab.node, pods: 40 });

  const started = performance.now();
  const kubeconfig = isDirect ? lab.plane.tokenKubeconfig(token) : lab.kubeconfig({ token });
  const results = await runSpecs({ kubeconfig, specs, directory, timeoutMs: 600_000 });
  const seconds = Math.round((performance.now() - started) / 1000);
  await hollow.stop();
  for (const one of results) t.log(lineOf(one));
  const passed = results.filter(({ state }) => state === 'passed');
  const way = isDirect ? 'directly' : 'through the hub';
  t.log(
    `${passed.length} of ${specs.length} specs passed ${way} in ${seconds} s; ${everything.length - specs.length} left out`,
  );
  t.deepEqual(results.filter(({ state }) => state !== 'passed').map(lineOf), []);
});

function lineOf({ name, state, ms, failure }: SpecResult): string {
  return `${state} ${(ms / 1000).toFixed(1)} s ${name}${failure && `: ${failure}`}`;
}
