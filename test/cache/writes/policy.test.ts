import test from 'ava';
import { type Keep, type UserWriteRule, writePolicy } from '../../../src/cache/writes/policy.ts';
import type { Known, WriteRequest } from '../../../src/cache/writes/write-request.ts';
import {
  absent,
  claims,
  configMaps,
  creation,
  csiNodes,
  deletion,
  events,
  leases,
  newEvents,
  nodes,
  objectOf,
  patch,
  pods,
  present,
  secrets,
  unknown,
  update,
  write,
} from '../../support/offline-write.ts';

const node = { isNode: true };
const somebody = { isNode: false };
const known = writePolicy([], 'one');

const isKept = (request: WriteRequest, writer = node, about: Known = unknown, policy = known) => {
  const found = policy.of(request, writer, about);
  return 'refuse' in found ? undefined : found;
};
const lease = (holderIdentity: unknown) => ({ metadata: { name: 'one' }, spec: { holderIdentity } }) as object as never;
const mirror = { annotations: { 'kubernetes.io/config.mirror': 'hash' } };
const ownPod = objectOf(pods, {}, { spec: { nodeName: 'one' } });
const othersPod = objectOf(pods, {}, { spec: { nodeName: 'two' } });
const ownMirror = objectOf(pods, mirror, { spec: { nodeName: 'one' } });

test('what a node’s own agents write is kept, each class with its own way to settle a conflict', (t) => {
  const rows: readonly (readonly [WriteRequest, Known, Keep['class'], Keep['conflict']])[] = [
    [update(leases, lease('one')), absent, 'node-lease', 'edge-wins'],
    [creation(leases, lease('one')), absent, 'node-lease', 'edge-wins'],
    [patch(leases, { spec: { renewTime: null } }), unknown, 'node-lease', 'edge-wins'],
    [patch(nodes, {}, { subresource: 'status' }), unknown, 'node-status', 'edge-wins'],
    [update(nodes, {}, 'status'), unknown, 'node-status', 'edge-wins'],
    [patch(nodes, {}), unknown, 'node', 'cloud-wins'],
    [creation(nodes, { metadata: { name: 'one' } }), present(objectOf(nodes, {})), 'node', 'cloud-wins'],
    [patch(pods, {}, { subresource: 'status' }), present(ownPod), 'pod-status', 'edge-wins'],
    [deletion(pods), present(ownPod), 'pod-delete', 'edge-wins'],
    [deletion(pods), absent, 'pod-delete', 'edge-wins'],
    [deletion(pods), present(ownMirror), 'mirror-pod', 'edge-wins'],
    [creation(pods, ownMirror), absent, 'mirror-pod', 'edge-wins'],
    [creation(events, {}), unknown, 'event', 'edge-wins'],
    [patch(newEvents, {}), unknown, 'event', 'edge-wins'],
    [update(csiNodes, {}), unknown, 'csinode', 'edge-wins'],
    [patch(claims, {}, { subresource: 'status' }), unknown, 'pvc-status', 'cloud-wins'],
  ];
  for (const [request, about, ofClass, conflict] of rows) {
    const keep = ofClass === 'node-lease' ? 'memory' : 'durable';
    t.deepEqual(known.of(request, node, about), { keep, class: ofClass, conflict }, `${request.verb} ${ofClass}`);
  }
});

test('a node keeps nothing in the name of another node', (t) => {
  const others = { name: 'two' };
  t.is(isKept(patch(nodes, {}, { ...others, subresource: 'status' })), undefined);
  t.is(isKept(patch(nodes, {}, others)), undefined);
  t.is(isKept(update(leases, lease('two'))), undefined, 'a lease that another would hold');
  t.is(isKept(write(leases, 'update', { ...others, body: lease('one') })), undefined);
  t.is(isKept(update(csiNodes, {}), node, unknown, writePolicy([], 'two')), undefined);
  t.is(isKept(patch(pods, {}, { subresource: 'status' }), node, present(othersPod)), undefined);
  t.is(isKept(deletion(pods), node, present(othersPod)), undefined);
  t.is(isKept(creation(pods, { ...ownMirror, spec: { nodeName: 'two' } })), undefined);
});

test('others than the node itself write Events, and nothing else of the node’s', (t) => {
  t.is(isKept(creation(events, {}), somebody)?.class, 'event');
  for (const request of [
    update(leases, lease('one')),
    patch(nodes, {}),
    deletion(pods),
    creation(pods, ownMirror),
    update(csiNodes, {}),
    patch(claims, {}, { subresource: 'status' }),
  ]) {
    t.is(isKept(request, somebody, present(ownPod)), undefined, `${request.verb} ${request.kind}`);
  }
});

test('the node’s lease is kept only while the node holds it, and only when one can see that it does', (t) => {
  const heldBy = (holderIdentity: string) => present(objectOf(leases, {}, { spec: { holderIdentity } }));
  t.is(isKept(update(leases, lease('one')), node, heldBy('one'))?.class, 'node-lease');
  t.is(isKept(update(leases, lease('one')), node, heldBy(''))?.class, 'node-lease');
  t.is(isKept(update(leases, lease('one')), node, heldBy('two')), undefined);
  t.is(isKept(update(leases, lease(null)), node, heldBy('one')), undefined, 'it is given away');
  t.is(isKept(patch(leases, { spec: { holderIdentity: 'two' } }), node, heldBy('one')), undefined);
  t.is(isKept(patch(leases, [], { patchType: 'json' }), node, heldBy('one')), undefined, 'who knows what it does');
});

test('no leader is elected offline, whatever the settings say', (t) => {
  const policy = writePolicy([{ group: 'coordination.k8s.io', resource: 'leases', conflict: 'edge-wins' }], 'one');
  const elsewhere = { ...leases, namespace: 'kube-system' };
  for (const writer of [node, somebody]) {
    const found = policy.of(update(elsewhere, lease('one')), writer, absent);
    t.true('refuse' in found && /two holders/.test(found.refuse) && /No setting changes that/.test(found.refuse));
  }
});

test('a refusal says what would allow the write, and nothing is allowed by itself', (t) => {
  const found = known.of(creation(configMaps, {}), somebody, absent);
  t.true('refuse' in found);
  t.regex((found as { refuse: string }).refuse, /the create of configmaps in namespace default is not kept offline/);
  t.regex((found as { refuse: string }).refuse, /--offline-writes 'configmaps;namespace=default' would allow it/);
});

const rules = (...list: Partial<UserWriteRule>[]) =>
  writePolicy(
    list.map((rule) => ({ group: '', resource: 'configmaps', conflict: 'park', ...rule })),
    'one',
  );
const map = (app: string) => objectOf(configMaps, { labels: { app } });

test('what users allow is kept on disk with their word on conflicts; the first rule that fits counts', (t) => {
  const policy = rules({ namespaces: ['other'], conflict: 'edge-wins' }, {}, { conflict: 'cloud-wins' });
  t.deepEqual(policy.of(creation(configMaps, {}), somebody, absent), {
    keep: 'durable',
    class: 'user',
    conflict: 'park',
  });
  const elsewhere = { ...configMaps, namespace: 'other' };
  t.is(isKept(creation(elsewhere, {}), somebody, absent, policy)?.conflict, 'edge-wins');
  t.is(isKept(creation(secrets, {}), somebody, absent, policy), undefined);
});

test('new pods are admitted by the cloud, whatever rules say of those that are there', (t) => {
  const policy = rules({ resource: 'pods' });
  const pods = { ...configMaps, gvr: { ...configMaps.gvr, resource: 'pods' }, kind: 'Pod' };
  const found = policy.of(creation(pods, map('web')), somebody, absent);
  t.regex('refuse' in found ? found.refuse : '', /new pods are admitted there\. No setting changes that/);
  t.true('keep' in policy.of(creation(pods, map('web')), somebody, present(map('web'))), 'this one is 409');
  t.true('keep' in policy.of(update(pods, map('web')), somebody, present(map('web'))));
});

test('a rule for some namespaces says so when it is asked for another', (t) => {
  const found = rules({ namespaces: ['other'] }).of(creation(configMaps, {}), somebody, absent);
  t.regex((found as { refuse: string }).refuse, /does not list the namespace "default"/);
});

test('a rule for some labels takes what has them before the write and after it', (t) => {
  const policy = rules({ labels: 'app=edge' });
  const allows = (request: WriteRequest, about: Known) => isKept(request, somebody, about, policy) !== undefined;
  t.true(allows(creation(configMaps, map('edge')), absent));
  t.false(allows(creation(configMaps, map('cloud')), absent));
  t.true(allows(update(configMaps, map('edge')), present(map('edge'))));
  t.false(allows(update(configMaps, map('cloud')), present(map('edge'))), 'it would leave');
  t.false(allows(update(configMaps, map('edge')), present(map('cloud'))), 'it would come');
  t.true(allows(patch(configMaps, { data: { a: '1' } }), present(map('edge'))));
  t.false(allows(patch(configMaps, { metadata: { labels: { app: 'cloud' } } }), present(map('edge'))));
  t.true(allows(deletion(configMaps), present(map('edge'))));
  t.false(allows(deletion(configMaps), present(map('cloud'))));
  t.false(allows(deletion(configMaps), unknown), 'nobody knows its labels');
  t.true(allows(deletion(configMaps), absent), 'a 404, whatever is allowed');
  const broken = patch(configMaps, 'no patch');
  t.true(allows(broken, present(map('edge'))), 'it is refused in its own words when it is computed');
  const found = policy.of(creation(configMaps, map('cloud')), somebody, absent);
  t.regex(
    (found as { refuse: string }).refuse,
    /only configmaps with labels "app=edge", before the write and after it/,
  );
});

test('what a node may write by itself no user rule changes', (t) => {
  const policy = writePolicy([{ group: '', resource: 'events', conflict: 'park' }], 'one');
  t.is(isKept(creation(events, {}), node, unknown, policy)?.conflict, 'edge-wins');
});

const everything = writePolicy(
  ['pods', 'configmaps', 'bindings', 'serviceaccounts'].map((resource) => ({
    group: '',
    resource,
    conflict: 'edge-wins',
  })),
  'one',
);

test('decisions of the cloud are never made up here, and no setting changes that', (t) => {
  const service = (group: string, resource: string, kind: string) => ({
    gvr: { group, version: 'v1', resource },
    kind,
    namespace: '',
  });
  const query = { dryRun: true, fieldManager: '' };
  for (const request of [
    write(pods, 'create', { name: 'one', subresource: 'binding' }),
    write(pods, 'create', { name: 'one', subresource: 'eviction' }),
    write(pods, 'patch', { subresource: 'ephemeralcontainers' }),
    write(pods, 'patch', { subresource: 'resize' }),
    write(pods, 'update', { subresource: 'something-new' }),
    write(pods, 'update', { subresource: 'constructor' }),
    write(service('apps', 'deployments', 'Deployment'), 'patch', { subresource: 'scale' }),
    write(service('', 'serviceaccounts', 'ServiceAccount'), 'create', { name: 'one', subresource: 'token' }),
    creation(service('', 'bindings', 'Binding'), {}),
    creation(service('authentication.k8s.io', 'tokenreviews', 'TokenReview'), {}),
    creation(service('authorization.k8s.io', 'subjectaccessreviews', 'SubjectAccessReview'), {}),
    creation(service('certificates.k8s.io', 'certificatesigningrequests', 'CertificateSigningRequest'), {}),
    patch(configMaps, {}, { query }),
    patch(configMaps, {}, { patchType: 'apply' }),
    write(configMaps, 'deletecollection', { name: '' }),
  ]) {
    const found = everything.of(request, node, present(ownPod));
    const words = `${request.verb} ${request.gvr.resource}/${request.subresource}`;
    t.true('refuse' in found && /never done offline: [^\n{]+\. No setting changes that\.$/.test(found.refuse), words);
  }
});

test('of what might be kept at all, the rows and the rules decide', (t) => {
  const policy = rules({ resource: 'secrets' }, { group: 'apps.example.com', resource: 'widgets' });
  for (const [group, resource] of [
    ['', 'nodes'],
    ['', 'persistentvolumeclaims'],
    ['', 'secrets'],
    ['coordination.k8s.io', 'leases'],
    ['apps.example.com', 'widgets'],
  ] as const) {
    t.true(policy.mightKeep({ group, resource }), resource);
  }
  for (const [group, resource] of [
    ['', 'configmaps'],
    ['apps', 'deployments'],
    ['', 'widgets'],
  ] as const) {
    t.false(policy.mightKeep({ group, resource }), resource);
  }
});
