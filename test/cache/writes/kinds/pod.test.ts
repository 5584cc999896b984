import test from 'ava';
import fc from 'fast-check';
import { isTerminalPhase } from '../../../../src/cache/writes/kinds/pod.ts';
import { qosClass } from '../../../../src/cache/writes/kinds/pod-qos-class.ts';
import {
  absent,
  compute,
  creation,
  isRefused,
  metadataOf,
  objectOf,
  patch,
  pods,
  present,
  refusal,
  unknown,
} from '../../../support/offline-write.ts';

const mirror = { 'kubernetes.io/config.mirror': 'hash' };
const spec = { nodeName: 'n', containers: [{ name: 'app', image: 'app' }] };
const pod = objectOf(pods, { annotations: mirror }, { spec });

test('a mirror pod is pending when it is new, whatever it says', (t) => {
  const body = { metadata: { name: 'one', annotations: mirror }, spec, status: { phase: 'Running' } };
  const { after } = compute(creation(pods, body), absent);
  t.deepEqual(after?.status, { phase: 'Pending', qosClass: 'BestEffort' });
  t.is(metadataOf(after).generation, 1);
});

test('a mirror pod must say on which node it runs; others are not made here', (t) => {
  const nowhere = { metadata: { name: 'one', annotations: mirror }, spec: { containers: [] } };
  isRefused(t, 422, creation(pods, nowhere), absent, ['metadata.annotations[kubernetes.io/config.mirror]']);
  isRefused(t, 503, creation(pods, { metadata: { name: 'one' }, spec }), absent);
});

test('a pod that exists is not made again, and faults that the cloud may wipe away are not judged', (t) => {
  const again = (metadata: object) => creation(pods, { metadata: { name: 'one', ...metadata }, spec });
  isRefused(t, 409, again({}), present(pod));
  isRefused(t, 503, again({ generation: -1 }), present(pod));
  isRefused(t, 409, again({ generation: -1, annotations: mirror }), present(pod));
});

test('a mirror pod refers to nothing that the cloud keeps: a node would open the way to it for itself', (t) => {
  const containers = (env: object) => [{ name: 'app', image: 'app', ...env }];
  const byNode = 'node "n" can not create pods that reference';
  const token = { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } };
  const refused: Readonly<Record<string, object>> = {
    'a mirror pod may not reference service accounts': { serviceAccountName: 'web' },
    'a mirror pod may not reference secrets': {
      imagePullSecrets: [{ name: 'registry' }],
      volumes: [{ name: 'v', configMap: { name: 'c' } }],
    },
    'a mirror pod may not use ServiceAccountToken volume projections': { volumes: [{ name: 'v', ...token }] },
    [`${byNode} configmaps`]: {
      containers: containers({ envFrom: [{ configMapRef: { name: 'c', optional: true } }] }),
    },
    [`${byNode} persistentvolumeclaims`]: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] },
  };
  for (const [words, members] of Object.entries(refused)) {
    const body = { metadata: { name: 'one', annotations: mirror }, spec: { ...spec, ...members } };
    const { code, message } = refusal(creation(pods, body), absent);
    t.is(code, 403);
    t.is(message, `pods "one" is forbidden: ${words}`);
  }
  const own = {
    ...spec,
    volumes: [
      { name: 'v', emptyDir: {} },
      { name: 'w', hostPath: { path: '/' } },
    ],
  };
  t.is(compute(creation(pods, { metadata: { name: 'one', annotations: mirror }, spec: own }), absent).op, 'create');
});

test('a mirror pod that is named after its node needs nobody to have looked for the name; any other does', (t) => {
  const named = (name: string, annotations: Record<string, string> = mirror) =>
    creation(pods, { metadata: { name, annotations }, spec });
  t.is(compute(named('one-n'), unknown).op, 'create');
  isRefused(t, 503, named('one'), unknown);
  isRefused(t, 503, named('one-n', {}), unknown);
});

test('of a pod its metadata may change, its spec and what the cloud reads out of annotations may not', (t) => {
  const labelled = compute(patch(pods, { metadata: { labels: { a: 'b' } } }), present(pod));
  t.deepEqual(metadataOf(labelled.after).labels, { a: 'b' });
  isRefused(t, 503, patch(pods, { spec: { activeDeadlineSeconds: 5 } }), present(pod));
  const annotate = (annotations: Record<string, string | null>) => patch(pods, { metadata: { annotations } });
  isRefused(t, 503, annotate({ 'scheduler.alpha.kubernetes.io/tolerations': '[]' }), present(pod));
  isRefused(t, 422, annotate({ 'kubernetes.io/config.mirror': 'other' }), present(pod));
  isRefused(t, 422, annotate({ 'kubernetes.io/config.mirror': null }), present(pod));
  isRefused(t, 422, annotate({ 'container.apparmor.security.beta.kubernetes.io/app': 'x' }), present(pod));
  isRefused(t, 422, annotate({ 'controller.kubernetes.io/pod-deletion-cost': '1.5' }), present(pod));
  isRefused(t, 422, annotate({ 'controller.kubernetes.io/pod-deletion-cost': '9999999999' }), present(pod));
  t.is(compute(annotate({ 'controller.kubernetes.io/pod-deletion-cost': '-7' }), present(pod)).op, 'update');
});

test('the class of service follows from requests and limits, however they are written', (t) => {
  const of = (...containers: object[]) =>
    qosClass({ spec: { containers: containers.map((resources) => ({ resources })) } } as never);
  const full = { requests: { cpu: '100m', memory: '1Gi' }, limits: { cpu: '0.1', memory: '1024Mi' } };
  t.is(of({}), 'BestEffort');
  t.is(of({ requests: { 'example.com/gpu': '1' } }), 'BestEffort');
  t.is(of({ requests: { cpu: '0' } }), 'BestEffort');
  t.is(of(full), 'Guaranteed');
  t.is(of(full, {}), 'Burstable');
  t.is(of({ ...full, requests: { cpu: '50m', memory: '1Gi' } }), 'Burstable');
  t.is(of({ limits: { cpu: '1' } }), 'Burstable');
  const whole = { spec: { resources: full, containers: [{ resources: {} }] } };
  t.is(qosClass(whole), 'Guaranteed', 'what is said for the whole pod counts alone');
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), (milli, kibi) => {
      const requests = { cpu: `${milli}m`, memory: `${kibi}Ki` };
      const limits = { cpu: `${milli * 1000}u`, memory: `${kibi * 1024}` };
      t.is(of({ requests, limits }), 'Guaranteed');
    }),
  );
});

test('two phases end a pod', (t) => {
  const ended = ['Pending', 'Running', 'Unknown', 'Succeeded', 'Failed'].filter((phase) =>
    isTerminalPhase({ status: { phase } }),
  );
  t.deepEqual(ended, ['Succeeded', 'Failed']);
});
