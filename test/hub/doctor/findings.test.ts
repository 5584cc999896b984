import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { hubFindings } from '../../../src/hub/doctor/hub-findings.ts';
import { configurationFindings, kubeconfigFindings } from '../../../src/hub/doctor/kubelet-findings.ts';
import { podFindings } from '../../../src/hub/doctor/pod-findings.ts';
import { healthyStatus, podScope } from '../../support/hub-status.ts';

const staying = [{ operator: 'Exists' }];
const known = { knows: () => 'present' as const };
const checks = (findings: readonly { readonly check: string }[]): string[] => findings.map(({ check }) => check);

function pod(spec: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    metadata: { name: 'web-1', namespace: 'shop', ...(more.metadata as JsonObject | undefined) },
    spec: { containers: [{ name: 'app' }], ...spec },
    status: { phase: 'Running', ...(more.status as JsonObject | undefined) },
  };
}

test('a pod that the cloud would delete is named, with when and what to do', (t) => {
  const [finding, ...others] = podFindings(pod({}), known);
  t.deepEqual(others, []);
  t.like(finding, { check: 'eviction', level: 'problem', subject: 'pod shop/web-1' });
  t.regex(finding!.says, /about 50 s after/);
  t.regex(finding!.advice, /without tolerationSeconds/);
});

test('a pod that stays, has its image and all it needs is not mentioned', (t) => {
  t.deepEqual(podFindings(pod({ tolerations: staying }), known), []);
});

test('a static pod and one that has ended are not mentioned', (t) => {
  t.deepEqual(podFindings(pod({}, { metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }), known), []);
  t.deepEqual(podFindings(pod({}, { status: { phase: 'Succeeded' } }), known), []);
});

test('a container that asks the registry at each start is named', (t) => {
  const containers = [
    { name: 'app', imagePullPolicy: 'IfNotPresent' },
    { name: 'sidecar', imagePullPolicy: 'Always' },
  ];
  const [finding] = podFindings(pod({ tolerations: staying, containers }), known);
  t.is(finding?.check, 'image-pull');
  t.regex(finding!.says, /containers sidecar ask/);
});

test('what a pod needs and nobody has read through the hub is named; what is known to be absent, or optional, is not', (t) => {
  const volumes = ['held', 'lost', 'gone'].map((name) => ({ name, secret: { secretName: name } }));
  const maybe = { name: 'maybe', configMap: { name: 'maybe', optional: true } };
  const held = { held: 'present', gone: 'absent' } as const;
  const knows = (_: string, { name }: { name: string }) => held[name as keyof typeof held] ?? 'unknown';
  const [finding, ...others] = podFindings(pod({ tolerations: staying, volumes: [...volumes, maybe] }), { knows });
  t.deepEqual(others, []);
  t.regex(finding!.says, /^Not held here: secrets\/lost\. /);
});

test('a certificate that kubelet has to ask for at each start is named, with who signs it', (t) => {
  const source = (signerName: string) => ({ podCertificate: { signerName, keyType: 'ED25519' } });
  const volumes = [
    { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    { name: 'one', projected: { sources: [source('example.com/mesh'), source('example.com/mesh')] } },
    { name: 'two', projected: { sources: [source('example.com/web')] } },
  ];
  const [finding, ...others] = podFindings(pod({ tolerations: staying, volumes }), known);
  t.deepEqual(others, []);
  t.like(finding, { check: 'pod-certificate', level: 'problem', subject: 'pod shop/web-1' });
  t.regex(finding!.says, /podCertificate, example.com\/mesh, example.com\/web\)/);
  t.regex(finding!.advice, /in a Secret/);
});

const kubeconfig = { path: '/etc/kubernetes/kubelet.conf', server: 'https://127.0.0.1:10268' };
const ofKubelet = (document: JsonObject, server = kubeconfig.server) => [
  ...kubeconfigFindings({ ...kubeconfig, server }, ['127.0.0.1:10268']),
  ...configurationFindings({ path: '/var/lib/kubelet/config.yaml', document }),
];

test('a kubelet that is set up for a node without a cloud is not mentioned', (t) => {
  const document = { imageGCHighThresholdPercent: 100, shutdownGracePeriod: '0s', imageMaximumGCAge: '0s' };
  t.deepEqual(ofKubelet(document), []);
});

test('each setting of kubelet that hurts without a cloud is named', (t) => {
  const document = {
    shutdownGracePeriod: '30s',
    imageMaximumGCAge: '24h',
    rotateCertificates: true,
    serverTLSBootstrap: true,
  };
  t.deepEqual(checks(ofKubelet(document, 'https://10.0.0.1:6443')), [
    'kubelet-server',
    'image-gc',
    'image-gc-age',
    'graceful-shutdown',
    'kubelet-rotation',
    'kubelet-serving',
  ]);
});

const now = Date.parse('2026-11-21T10:00:00.000Z');
const scopes = [
  { ...podScope, gvr: 'v1/nodes', fieldSelector: 'metadata.name=edge-7' },
  podScope,
  { ...podScope, gvr: 'v1/services', fieldSelector: '' },
];
const healthy = { ...healthyStatus, scopes, outbox: { ...healthyStatus.outbox, parked: 0 } };

test('a hub that is well has nothing to say', (t) => {
  t.deepEqual(hubFindings(healthy, now), []);
});

test('each thing that is not well with the hub is named', (t) => {
  const unwell = {
    ...healthy,
    scopes: scopes.map((scope) => (scope.gvr === 'v1/services' ? { ...scope, complete: false } : scope)),
    link: { ...healthy.link, state: 'offline' as const, reason: 'no answer within 5 s' },
    identity: { ...healthy.identity, certificateExpires: '2026-11-25T10:00:00.000Z' },
    storage: { ...healthy.storage, state: 'read-only' as const, reason: 'ENOSPC' },
    outbox: { ...healthy.outbox, parked: 2 },
  };
  const findings = hubFindings(unwell, now);
  t.deepEqual(checks(findings), ['link', 'scopes', 'certificate', 'disk', 'parked']);
  t.is(findings[1]?.subject, 'v1/services');
  t.regex(findings[2]!.says, /ends in 4 days/);
});

test('what somebody else has read of the same kind is not what kubelet needs; a reading of all is', (t) => {
  const ofPods = (more: Partial<typeof podScope>) => {
    const known = scopes.map((scope) => (scope === podScope ? { ...podScope, ...more } : scope));
    return hubFindings({ ...healthy, scopes: known }, now).map(({ subject }) => subject);
  };
  t.deepEqual(ofPods({ fieldSelector: 'spec.nodeName=edge-8' }), ['v1/pods']);
  t.deepEqual(ofPods({ fieldSelector: '', namespace: 'shop' }), ['v1/pods']);
  t.deepEqual(ofPods({ labelSelector: 'app=web' }), ['v1/pods']);
  t.deepEqual(ofPods({ fieldSelector: '' }), []);
});

test('a link that waiting does not mend is a problem, with what does', (t) => {
  const linkFinding = (...failures: readonly string[]) => {
    const servers = failures.map((failure) => ({ url: 'a', isUp: false, reason: `probe failed: ${failure}`, failure }));
    const link = { ...healthyStatus.link, state: 'offline' as const, reason: 'probe failed (10.0.0.1:6443)', servers };
    return hubFindings({ ...healthyStatus, link }, Date.now()).find(({ check }) => check === 'link');
  };
  t.like(linkFinding('connection-refused'), { level: 'note' });
  const replaced = linkFinding('connection-refused', 'certificate-not-trusted');
  t.is(replaced?.level, 'problem');
  t.regex(replaced!.advice, /cloud\/ca\.crt/);
});
