// Oracle, the cloud is back: what it hears first, what becomes of what both sides have changed, and what nobody notices of a
// link that comes and goes. One apiserver (with the node authorizer and NodeRestriction), one hub and one node for each test.

import type { ApiClient } from './api-client.ts';
import { cloudGoesOn } from './cloud-goes-on.ts';
import { eventually } from './eventually.ts';
import type { RecordedRequest } from './fault.ts';
import { followWatch } from './followed-watch.ts';
import { startInformer } from './informer.ts';
import { endedStatus, type PodName, runningStatus } from './kubelet-requests.ts';
import { createNode, type Lab, podOf } from './lab.ts';
import { labsOnOnePlane, type Stage } from './labs-on-one-plane.ts';
import { test } from './one-by-one.ts';

const labs = labsOnOnePlane(test);
const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
// biome-ignore lint/suspicious/noExplicitAny: objects of every kind
type Loose = any;

const mapsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const podsOf = (nodeName: string) => `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
const leaseOf = (nodeName: string) => `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
const configMap = (name: string, data: Record<string, string>, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});
const readyOf = ({ status }: Loose) => status.conditions?.find(({ type }: Loose) => type === 'Ready');
const words = ({ method, path }: RecordedRequest) => `${method} ${path}`;
/** What the hub asks for itself: whether there is a cloud, and whether it is the one that it was. */
const isProbe = ({ path }: RecordedRequest) =>
  /^\/(livez|readyz|healthz|version)$|namespaces\/default\/services$/.test(path);

async function writerOf({ lab, namespace }: Stage): Promise<() => ApiClient> {
  const token = await lab.account(namespace, 'writer', all);
  return () => lab.as(token);
}

async function podName({ kubelet, namespace }: Stage, name: string): Promise<PodName> {
  const { body } = await kubelet.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
  return { namespace, name, uid: body.metadata.uid };
}

const withPods =
  (...names: readonly string[]) =>
  ({ plane, namespace }: Pick<Stage, 'plane' | 'namespace'>) =>
    Promise.all(
      names.map((name) => plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/pods`, podOf(name, namespace))),
    );

/** All that was owed is in the cloud, or parked; Events, too, if `andEvents`. */
async function untilReplayed(lab: Lab, parked = 0): Promise<void> {
  await eventually(
    'nothing is owed',
    async () => {
      const { outbox } = (await lab.hub.admin.request('GET', '/status')).body;
      return outbox.parked === parked && outbox.waiting === 0;
    },
    { timeoutMs: 30_000 },
  );
}

test('case 52: the cloud hears of the Lease first and of the node’s status next, before anything is read anew', async (t) => {
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace, nodePath } = stage;
      const node = (await kubelet.get(nodePath)).body.metadata;
      let lease = (await kubelet.createLease('2026-11-21T07:55:10.000000Z', node)).body;
      await kubelet.reportNode([{ type: 'Ready', status: 'True', reason: 'KubeletReady' }]);
      const client = await writerOf(stage);
      await client().expect('POST', mapsOf(namespace), configMap('web', { a: '1' }));
      await client().expect('PATCH', `${mapsOf(namespace)}/web`, { data: { b: '1' } });
      await client().expect('GET', mapsOf(namespace));
      await lab.followed('v1/configmaps', { namespace });
      const pod = await podName(stage, 'web');
      const bookmarks = 'watch=true&allowWatchBookmarks=true&resourceVersion=0';
      const nodeWatch = followWatch(lab.node, `/api/v1/nodes?fieldSelector=metadata.name%3D${namespace}&${bookmarks}`);
      const podWatch = followWatch(lab.node, `${podsOf(namespace)}&${bookmarks}`);
      for (const watch of [nodeWatch, podWatch]) t.teardown(() => watch.stop());
      await nodeWatch.waitFor('the node', ({ type }) => type === 'ADDED');
      await podWatch.waitFor('the pod', ({ type }) => type === 'ADDED');
      await lab.cut();
      for (const second of [20, 30]) {
        lease = (await kubelet.renewLease(lease, `2026-11-21T07:55:${second}.000000Z`)).body;
        t.is(lease.spec?.renewTime, `2026-11-21T07:55:${second}.000000Z`, JSON.stringify(lease));
      }
      await kubelet.postEvent({ name: `${namespace}.1`, reason: 'Tested', message: 'offline' });
      await client().expect('PATCH', `${mapsOf(namespace)}/web`, { data: { a: 'offline' } });
      t.is((await kubelet.reportPod(pod, runningStatus('10.244.1.7'))).status, 200);
      const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'all the time' } as const;
      t.is((await kubelet.reportNode([ready])).status, 200);
      // The node controller has given the node up meanwhile.
      await cloudGoesOn(plane, (await kubelet.get(nodePath)).body.metadata.resourceVersion);
      const unknown = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' };
      await plane.admin.expect('PATCH', `${nodePath}/status`, { status: { conditions: [unknown] } });
      await plane.admin.expect('PATCH', nodePath, { metadata: { labels: { given: 'up' } } });

      const before = lab.proxy.requests.length;
      const endDelay = lab.proxy.inject({ kind: 'delay', headersMs: 700 }, ({ method }) => method === 'PATCH');
      await lab.set('pass');
      // While the replay is under way readers see what was written here.
      await eventually('the status is on its way', () =>
        lab.proxy.requests
          .slice(before)
          .some(({ method, path }) => method === 'PATCH' && path === `${nodePath}/status`),
      );
      t.is(readyOf((await kubelet.get(nodePath)).body).message, 'all the time');
      t.is((await kubelet.get(podsOf(namespace))).body.items[0].status.phase, 'Running');
      t.is((await client().expect('GET', `${mapsOf(namespace)}/web`)).data.a, 'offline');
      await untilReplayed(lab);
      endDelay();
      const asked = lab.proxy.requests.slice(before).filter((one) => !isProbe(one));
      const order = asked.map(words);
      t.log(order.slice(0, 12).join('\n'));
      const writes = asked.filter(({ method }) => method !== 'GET').map(words);
      t.deepEqual(writes.slice(0, 2), [`PUT ${leaseOf(namespace)}`, `PATCH ${nodePath}/status`]);
      t.is(writes.at(-1), 'POST /api/v1/namespaces/default/events', 'Events come last');
      const lastWrite = order.findLastIndex((one) => /^(PUT|PATCH|DELETE)/.test(one));
      const firstRead = asked.findIndex(
        ({ method, path }) => method === 'GET' && /\/(nodes|pods|configmaps)$/.test(path),
      );
      t.true(firstRead === -1 || firstRead > lastWrite, `nothing is read anew before: ${order.join(', ')}`);

      await nodeWatch.waitFor(
        'what the cloud has changed',
        ({ object }) => object.metadata.labels?.given === 'up',
        30_000,
      );
      for (const { type, object } of nodeWatch.events.filter((event) => event.type !== 'BOOKMARK')) {
        t.not(readyOf(object)?.status, 'Unknown', `${type}: kubelet never hears that it is taken for dead`);
      }
      const { body } = await plane.admin.request('GET', nodePath);
      t.like(readyOf(body), { status: 'True', message: 'all the time' });
      t.is((await plane.admin.request('GET', leaseOf(namespace))).body.spec.renewTime, '2026-11-21T07:55:30.000000Z');
      await eventually('the Event comes, too', async () => {
        const { status } = await plane.admin.request('GET', `/api/v1/namespaces/default/events/${namespace}.1`);
        return status === 200;
      });
    },
    { hubArguments: ['--offline-writes', 'configmaps'], prepare: withPods('web') },
  );
});

test('case 53: a Lease that was changed in the cloud is read and renewed once, and kubelet goes on without a loop', async (t) => {
  await labs.withLab(async ({ lab, plane, kubelet, namespace, nodePath }) => {
    const path = leaseOf(namespace);
    const node = (await kubelet.get(nodePath)).body.metadata;
    let lease = (await kubelet.createLease('2026-11-21T07:55:10.000000Z', node)).body;
    await lab.cut();
    for (const second of [20, 30, 40]) {
      lease = (await kubelet.renewLease(lease, `2026-11-21T07:55:${second}.000000Z`)).body;
    }
    await plane.admin.expect('PATCH', path, { metadata: { annotations: { changed: 'in the cloud' } } });
    const before = lab.proxy.requests.length;
    await lab.heal();
    await eventually('the cloud has the last renewal', async () => {
      const { body } = await plane.admin.request('GET', path);
      return (
        body.spec.renewTime === '2026-11-21T07:55:40.000000Z' && body.metadata.annotations.changed === 'in the cloud'
      );
    });
    const ofLease = () => lab.proxy.requests.slice(before).filter((one) => one.path === path);
    await eventually('it is answered', () => ofLease().every(({ status }) => status !== undefined));
    t.deepEqual(
      ofLease().map(({ method, status }) => `${method} ${status}`),
      ['GET 200', 'PUT 200'],
      'one look, one renewal',
    );
    // kubelet renews with the version that it was told offline; told of a conflict it reads the Lease, as it always does.
    const first = await kubelet.renewLease(lease, '2026-11-21T07:55:50.000000Z');
    if (first.status === 409) lease = (await kubelet.get(path)).body;
    else lease = first.body;
    for (const second of [51, 52, 53]) {
      const renewed = await kubelet.renewLease(lease, `2026-11-21T07:55:${second}.000000Z`);
      t.is(renewed.status, 200, renewed.raw.toString());
      lease = renewed.body;
    }
    const conflicts = ofLease().filter(({ status }) => status === 409).length;
    t.log(`${conflicts} conflict on kubelet's own renewal`);
    t.true(conflicts <= 1);
    t.is((await plane.admin.request('GET', path)).body.spec.renewTime, '2026-11-21T07:55:53.000000Z');
  });
});

test('case 54: what was written to a pod that the cloud has replaced is dropped; kubelet hears of the old one’s end and of the new one', async (t) => {
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace } = stage;
      const reported = await podName(stage, 'reported');
      const deleted = await podName(stage, 'deleted');
      const untouched = await podName(stage, 'untouched');
      const watch = followWatch(lab.node, `${podsOf(namespace)}&watch=true&resourceVersion=0`);
      t.teardown(() => watch.stop());
      await eventually('all are there', () => watch.events.length === 3);
      await lab.cut();
      t.is((await kubelet.reportPod(reported, runningStatus('10.244.1.7'))).status, 200);
      t.is((await kubelet.reportPod(deleted, endedStatus('Failed', 137))).status, 200);
      t.is((await kubelet.deletePod(deleted)).status, 200);
      const { resourceVersion } = (await kubelet.get(podsOf(namespace))).body.metadata;
      await cloudGoesOn(plane, resourceVersion);
      const uids = new Map<string, string>();
      for (const { name } of [reported, deleted, untouched]) {
        const path = `/api/v1/namespaces/${namespace}/pods`;
        await plane.admin.expect('DELETE', `${path}/${name}?gracePeriodSeconds=0`);
        const { metadata } = await plane.admin.expect('POST', path, podOf(name, namespace));
        uids.set(name, metadata.uid);
      }
      await lab.heal();
      await untilReplayed(lab);
      for (const [name, uid] of uids) {
        await watch.waitFor(
          `the new ${name}`,
          ({ type, object }) => type === 'ADDED' && object.metadata.uid === uid,
          30_000,
        );
        const { body } = await plane.admin.request('GET', `/api/v1/namespaces/${namespace}/pods/${name}`);
        t.like(body, { metadata: { uid }, status: { phase: 'Pending' } }, 'the new one is as the cloud has made it');
        t.is(body.metadata.deletionTimestamp, undefined);
        const read = await kubelet.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
        t.like(read.body, { metadata: { uid }, status: { phase: 'Pending' } });
      }
      for (const { name, uid } of [reported, deleted, untouched]) {
        const story = watch.events
          .filter(({ object }) => object.metadata.name === name)
          .map(({ type, object }) => `${type} ${object.metadata.uid === uid ? 'old' : 'new'}`);
        const own = name === 'untouched' ? [] : ['MODIFIED old'];
        t.deepEqual(story, ['ADDED old', ...own, 'DELETED old', 'ADDED new'], name);
      }
      t.deepEqual(lab.logged('outbox.parked'), []);
    },
    { prepare: withPods('reported', 'deleted', 'untouched') },
  );
});

test('case 54: what was written to a pod that is gone, or that runs on another node by now, is dropped and bothers nobody', async (t) => {
  const names = ['gone', 'gone-deleted', 'moved', 'moved-deleted'];
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace } = stage;
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      const other = `${namespace}-other`;
      await createNode(plane.admin, other);
      const known = await Promise.all(names.map((name) => podName(stage, name)));
      await lab.cut();
      for (const pod of known) {
        const status = pod.name.endsWith('deleted') ? endedStatus('Succeeded', 0) : runningStatus('10.244.1.7');
        t.is((await kubelet.reportPod(pod, status)).status, 200);
        if (pod.name.endsWith('deleted')) t.is((await kubelet.deletePod(pod)).status, 200);
      }
      const { resourceVersion } = (await kubelet.get(podsOf(namespace))).body.metadata;
      await cloudGoesOn(plane, resourceVersion);
      for (const name of names) await plane.admin.expect('DELETE', `${pods}/${name}?gracePeriodSeconds=0`);
      const moved = ['moved', 'moved-deleted'];
      for (const name of moved) await plane.admin.expect('POST', pods, podOf(name, other));
      await lab.heal();
      await untilReplayed(lab);
      t.deepEqual(lab.logged('outbox.parked'), []);
      const { items } = await plane.admin.expect('GET', pods);
      t.deepEqual(
        items.map(({ metadata, status }: Loose) => [metadata.name, status.phase, metadata.deletionTimestamp]),
        moved.map((name) => [name, 'Pending', undefined]),
      );
      await eventually(
        'nothing of them is left here',
        async () => (await kubelet.get(`${podsOf(namespace)}&resourceVersion=0`)).body.items.length === 0,
      );
    },
    { prepare: withPods(...names) },
  );
});

test('case 55: a pod that the cloud wants gone is MODIFIED for kubelet, which ends it: its last DELETE succeeds', async (t) => {
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace } = stage;
      const path = `/api/v1/namespaces/${namespace}/pods/web`;
      const pod = await podName(stage, 'web');
      const watch = followWatch(lab.node, `${podsOf(namespace)}&watch=true&resourceVersion=0`);
      t.teardown(() => watch.stop());
      await lab.cut();
      t.is((await kubelet.reportPod(pod, runningStatus('10.244.1.7'))).status, 200);
      await plane.admin.expect('DELETE', path);
      await lab.heal();
      const told = await watch.waitFor(
        'kubelet is told to end it',
        ({ type, object }) => type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined,
        30_000,
      );
      t.like(told.object, { metadata: { uid: pod.uid }, status: { phase: 'Running', podIP: '10.244.1.7' } });
      t.is(
        (await plane.admin.request('GET', path)).body.status.podIP,
        '10.244.1.7',
        'what was reported offline has arrived',
      );
      t.is((await kubelet.reportPod(pod, endedStatus('Failed', 137))).status, 200);
      const last = await kubelet.deletePod(pod);
      t.is(last.status, 200, last.raw.toString());
      t.is((await plane.admin.request('GET', path)).status, 404);
      await watch.waitFor('its end', ({ type }) => type === 'DELETED');
      t.deepEqual(
        watch.events.map(({ type }) => type).filter((type) => type !== 'MODIFIED'),
        ['ADDED', 'DELETED'],
        'it has ended once',
      );
    },
    { prepare: withPods('web') },
  );
});

test('case 56: labels, taints and conditions of the cloud stay, those of the edge win: one patch that NodeRestriction lets through', async (t) => {
  await labs.withLab(async ({ lab, plane, kubelet, nodePath }) => {
    const at = '2026-11-21T07:59:35Z';
    const condition = (type: string, status: 'True' | 'False', message: string) => ({
      type,
      status,
      reason: 'Reported',
      message,
      lastHeartbeatTime: at,
      lastTransitionTime: at,
    });
    const report = (message: string) => [
      ...['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => condition(type, 'False', message)),
      condition('Ready', 'True', message),
    ];
    await kubelet.reportNode(report('online'), { volumesInUse: ['kubernetes.io/csi/a^1'] });
    await lab.cut();
    for (let i = 0; i < 20; i++) {
      const status = { volumesInUse: ['kubernetes.io/csi/a^1', `kubernetes.io/csi/b^${i}`] };
      const metadata = {
        annotations: { 'csi.volume.kubernetes.io/nodeid': `{"b":"${i}"}` },
        labels: { 'topology.example.com/rack': `r${i}` },
      };
      const answer = await kubelet.reportNode(report(`offline ${i}`), status, metadata);
      t.is(answer.status, 200, answer.raw.toString());
    }
    // Administrator, node controller, cloud controller and attach controller, each with what is theirs.
    await plane.admin.expect('PATCH', nodePath, {
      metadata: { labels: { team: 'x', 'node-restriction.kubernetes.io/tier': 'a', zone: 'south' } },
      spec: { taints: [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }], unschedulable: true },
    });
    const theirs = [
      {
        type: 'Ready',
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
      },
      { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', message: 'by the cloud controller' },
    ];
    const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } };
    await plane.admin.expect(
      'PATCH',
      `${nodePath}/status`,
      { status: { conditions: theirs, volumesAttached: [{ name: 'kubernetes.io/csi/a^1', devicePath: '' }] } },
      strategic,
    );
    const before = lab.proxy.requests.length;
    await lab.heal();
    await untilReplayed(lab);
    const node = (await plane.admin.request('GET', nodePath)).body;
    t.like(node.metadata.labels, {
      team: 'x',
      'node-restriction.kubernetes.io/tier': 'a',
      zone: 'south',
      'topology.example.com/rack': 'r19',
    });
    t.is(node.metadata.annotations['csi.volume.kubernetes.io/nodeid'], '{"b":"19"}');
    t.true(node.spec.unschedulable);
    t.true(node.spec.taints.some(({ key }: Loose) => key === 'node.kubernetes.io/unreachable'));
    t.like(readyOf(node), { status: 'True', message: 'offline 19' });
    t.like(
      node.status.conditions.find(({ type }: Loose) => type === 'NetworkUnavailable'),
      { status: 'False', message: 'by the cloud controller' },
    );
    t.deepEqual(node.status.volumesInUse, ['kubernetes.io/csi/a^1', 'kubernetes.io/csi/b^19']);
    t.deepEqual(node.status.volumesAttached, [{ name: 'kubernetes.io/csi/a^1', devicePath: '' }]);
    const writes = lab.proxy.requests
      .slice(before)
      .filter(({ method, path }) => method !== 'GET' && path.startsWith(nodePath));
    t.deepEqual(writes.map(words), Array(writes.length).fill(`PATCH ${nodePath}/status`));
    t.deepEqual(writes.filter(({ status }) => status === 200).length, 1, 'twenty reports are one');
    t.true(writes.length <= 2, 'besides the one that met what the cloud had changed');
    t.deepEqual(lab.logged('outbox.parked'), []);
    const { userAgent, user } = (await plane.audit()).find(
      (event) =>
        event.verb === 'patch' &&
        event.responseStatus?.code === 200 &&
        event.requestURI.startsWith(`${nodePath}/status`) &&
        event.user.username !== 'admin',
    )!;
    t.regex(userAgent, /^kubelet\//);
    t.true(user.groups?.includes('system:nodes'), 'with the node’s own credentials, which NodeRestriction judges');
  });
});

test('case 57: a ConfigMap edited on both sides ends as its policy says; the loser is parked, and an Event tells of it', async (t) => {
  const rules = ['park', 'edge-wins', 'cloud-wins'].map(
    (policy) => `configmaps;labels=policy=${policy};conflict=${policy}`,
  );
  await labs.withLab(
    async (stage) => {
      const { lab, plane, namespace } = stage;
      const maps = mapsOf(namespace);
      const client = await writerOf(stage);
      const policies = ['park', 'edge-wins', 'cloud-wins'] as const;
      for (const policy of policies) {
        await client().expect('POST', maps, configMap(policy, { color: 'red', edge: '0', cloud: '0' }, { policy }));
        await client().expect('PATCH', `${maps}/${policy}`, { data: { online: '1' } });
      }
      await client().expect('GET', maps);
      await lab.followed('v1/configmaps', { namespace });
      await lab.cut();
      for (const policy of policies) {
        const edited = await client().request('PATCH', `${maps}/${policy}`, { data: { color: 'blue', edge: '1' } });
        t.is(edited.status, 200, edited.raw.toString());
        await plane.admin.expect('PATCH', `${maps}/${policy}`, { data: { color: 'green', cloud: '1' } });
      }
      await lab.heal();
      await untilReplayed(lab, 2);
      const dataOf = async (policy: string) => (await plane.admin.request('GET', `${maps}/${policy}`)).body.data;
      t.deepEqual(await dataOf('edge-wins'), { color: 'blue', edge: '1', cloud: '1', online: '1' });
      t.deepEqual(await dataOf('cloud-wins'), { color: 'green', edge: '1', cloud: '1', online: '1' });
      t.deepEqual(await dataOf('park'), { color: 'green', edge: '0', cloud: '1', online: '1' });
      const parked = lab.logged('outbox.parked') as readonly Loose[];
      t.deepEqual(parked.map(({ object }) => object).toSorted(), [`${maps}/cloud-wins`, `${maps}/park`]);
      for (const { because } of parked) t.regex(because, /both sides changed data\.color/);
      for (const policy of ['park', 'cloud-wins'] as const) {
        const event = await eventually(`an Event tells of ${policy}`, async () => {
          const { items } = await plane.admin.expect('GET', `/api/v1/namespaces/${namespace}/events`);
          return items.find(({ involvedObject }: Loose) => involvedObject.name === policy);
        });
        t.like(event, { type: 'Warning', reason: 'WriteParked', involvedObject: { kind: 'ConfigMap', namespace } });
        t.regex(event.message, /data\.color.*holdfast outbox show/s);
      }
      await eventually('readers here are told what the cloud has', async () => {
        const list = (await client().request('GET', `${maps}?resourceVersion=0`)).body;
        const colors = Object.fromEntries(list.items.map(({ metadata, data }: Loose) => [metadata.name, data.color]));
        return colors.park === 'green' && colors['cloud-wins'] === 'green' && colors['edge-wins'] === 'blue';
      });
      await lab.restartHub();
      t.is(
        (await lab.hub.admin.request('GET', '/status')).body.outbox.parked,
        2,
        'parked is parked, also after kill -9',
      );
    },
    { hubArguments: rules.flatMap((rule) => ['--offline-writes', rule]) },
  );
});

test('case 58: what was created under a generated name is in the cloud once, however the answer was lost', async (t) => {
  t.timeout(120_000);
  await labs.withLab(
    async (stage) => {
      const { lab, plane, namespace } = stage;
      const maps = mapsOf(namespace);
      const client = await writerOf(stage);
      await client().expect('POST', maps, { ...configMap('x', {}), metadata: { generateName: 'seen-' } });
      await client().expect('GET', maps);
      await lab.followed('v1/configmaps', { namespace });
      const isCreation = ({ method, path }: RecordedRequest) => method === 'POST' && path === maps;
      const made = async (how: string) => {
        await lab.cut();
        const { metadata } = await client().expect('POST', maps, {
          ...configMap('', { how }),
          metadata: { generateName: 'job-', labels: { how } },
        });
        t.regex(metadata.name, /^job-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
        return metadata.name as string;
      };
      const inCloud = async (how: string) => {
        const { items } = await plane.admin.expect('GET', `${maps}?labelSelector=how%3D${how}`);
        return items.map(({ metadata }: Loose) => metadata.name) as string[];
      };
      for (const [how, fault, mayHaveArrived] of [
        ['answer-lost', { kind: 'stall', afterBytes: 0 }, true],
        ['never-arrived', { kind: 'silence' }, false],
        ['cut', { kind: 'cut', afterBytes: 0 }, true],
      ] as const) {
        const name = await made(how);
        const before = lab.proxy.requests.length;
        const end = lab.proxy.inject(fault, isCreation, 1);
        await lab.set('pass');
        await eventually(
          'the creation was sent',
          () =>
            lab.proxy.requests.slice(before).some((one) => isCreation(one) && (!mayHaveArrived || one.status === 201)),
          { timeoutMs: 30_000 },
        );
        if (how !== 'cut') await lab.restartHub(); // kill -9 in the midst of "sent"
        end();
        await lab.heal();
        await untilReplayed(lab);
        t.deepEqual(await inCloud(how), [name], `${how}: one, under the name that its writer was told`);
        const posts = lab.proxy.requests.slice(before).filter(isCreation).length;
        t.is(posts, mayHaveArrived ? 1 : 2, `${how}: looked first`);
        t.is((await client().expect('GET', `${maps}/${name}`)).data.how, how);
      }
      t.deepEqual(lab.logged('outbox.parked'), []);
    },
    { hubArguments: ['--offline-writes', 'configmaps'] },
  );
});

test('case 59: queued events come last and at five a second at most; those that the cloud has already are none twice', async (t) => {
  t.timeout(120_000);
  const count = 30; // at five a second six seconds; 5000 take 1000 s in the same way
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace, nodePath } = stage;
      const events = `/api/v1/namespaces/${namespace}/events`;
      const pod = await podName(stage, 'web');
      const involvedObject = { kind: 'Pod', apiVersion: 'v1', ...pod, fieldPath: 'spec.containers{main}' };
      await lab.cut();
      for (let i = 0; i < count; i++) {
        const posted = await kubelet.postEvent({
          name: `e.${i}`,
          namespace,
          reason: 'Tested',
          message: `number ${i}`,
          involvedObject,
        });
        t.is(posted.status, 201, posted.raw.toString());
      }
      t.is((await kubelet.reportNode([{ type: 'Ready', status: 'True', message: 'late' }])).status, 200);
      t.is((await kubelet.reportPod(pod, runningStatus('10.244.1.7'))).status, 200);
      for (const i of [3, 4]) {
        const { body } = await kubelet.get(`${events}/e.${i}`);
        const { uid: _uid, resourceVersion: _version, ...metadata } = body.metadata;
        await plane.admin.expect('POST', events, { ...body, metadata });
      }
      const before = lab.proxy.requests.length;
      const healed = performance.now();
      await lab.heal();
      await eventually(
        'the cloud has them all',
        async () => (await plane.admin.expect('GET', events)).items.length === count,
        {
          timeoutMs: 60_000,
        },
      );
      await untilReplayed(lab);
      const asked = lab.proxy.requests.slice(before).filter(({ method }) => method !== 'GET');
      const posts = asked.filter(({ method, path }) => method === 'POST' && path === events);
      const others = asked.filter((one) => !posts.includes(one));
      t.deepEqual(others.map(words), [
        `PATCH ${nodePath}/status`,
        `PATCH /api/v1/namespaces/${namespace}/pods/web/status`,
      ]);
      t.true(
        Math.max(...others.map(({ atMs }) => atMs)) <= Math.min(...posts.map(({ atMs }) => atMs)),
        'the rest goes first',
      );
      t.is(posts.length, count, 'each is sent once');
      t.is(posts.filter(({ status }) => status === 409).length, 2, 'two were there already');
      const seconds = (posts.at(-1)!.atMs - posts[0]!.atMs) / 1000;
      t.log(
        `${count} events in ${seconds.toFixed(1)} s, the last ${((performance.now() - healed) / 1000).toFixed(1)} s after the heal`,
      );
      t.true(posts.length - 1 <= seconds * 5 + 2, `${posts.length} in ${seconds} s`);
      for (const { atMs } of posts) {
        const within = posts.filter((one) => one.atMs >= atMs && one.atMs < atMs + 1000).length;
        t.true(within <= 7, `${within} within one second`);
      }
      t.deepEqual(lab.logged('outbox.parked'), []);
    },
    { prepare: withPods('web') },
  );
});

test('an Event that was counted up offline is so in the cloud, by patches alone, at the version that the cloud has then', async (t) => {
  await labs.withLab(async ({ lab, plane, kubelet, namespace }) => {
    const pathOf = (name: string) => `/api/v1/namespaces/default/events/${name}`;
    const [same, changed, forgotten] = ['same', 'changed', 'forgotten'].map((one) => `${namespace}.${one}`) as [
      string,
      string,
      string,
    ];
    const names = [same, changed, forgotten];
    for (const name of names) await kubelet.postEvent({ name, reason: 'Tested', message: 'once' });
    await lab.cut();
    for (const name of names) t.is((await kubelet.patchEvent(name, 'default', 2, 'twice')).status, 200);
    await plane.admin.expect('PATCH', pathOf(changed), { metadata: { labels: { by: 'another' } } });
    await plane.admin.expect('DELETE', pathOf(forgotten));
    const before = lab.proxy.requests.length;
    await lab.heal();
    await untilReplayed(lab);
    for (const name of names) {
      const { body } = await plane.admin.request('GET', pathOf(name));
      t.like(body, { count: 2, message: 'twice' }, name);
    }
    t.deepEqual((await plane.admin.request('GET', pathOf(changed))).body.metadata.labels, { by: 'another' });
    const asked = lab.proxy.requests.slice(before).filter(({ path }) => path.includes('/events'));
    const methodsOf = (name: string) => asked.filter(({ path }) => path === pathOf(name)).map(({ method }) => method);
    t.deepEqual(methodsOf(same), ['PATCH']);
    t.deepEqual(methodsOf(changed), ['PATCH', 'PATCH', 'PATCH'], 'refused, looked at, patched');
    t.deepEqual(methodsOf(forgotten), ['PATCH'], 'and made again');
    const settled = (await lab.hub.admin.request('GET', '/status')).body.outbox;
    t.like(settled, { waiting: 0, parked: 0 });
    // A patch that changes nothing is no write.
    const { resourceVersion } = (await plane.admin.request('GET', pathOf(same))).body.metadata;
    const looked = await plane.admin.expect('PATCH', pathOf(same), {});
    t.is(looked.metadata.resourceVersion, resourceVersion);
    t.is(looked.count, 2);
  });
});

test('case 60: through twenty flaps of the link no pod ends, no informer lists anew, and nothing is owed at the end', async (t) => {
  t.timeout(240_000);
  const flaps = 20;
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace, nodePath } = stage;
      const maps = mapsOf(namespace);
      const token = await lab.account(namespace, 'writer', all);
      const client = () => lab.as(token);
      await client().expect('POST', maps, configMap('web', { flap: 'none' }));
      await client().expect('PATCH', `${maps}/web`, { data: { flap: 'no' } });
      const node = (await kubelet.get(nodePath)).body.metadata;
      let lease = (await kubelet.createLease('2026-11-21T07:55:10.000000Z', node)).body;
      const pod = await podName(stage, 'web');
      const informers = await Promise.all([
        startInformer({
          kubeconfig: lab.kubeconfig('node'),
          resources: ['v1/pods'],
          fieldSelector: `spec.nodeName=${namespace}`,
          watchList: true,
          prefersProtobuf: true,
        }),
        startInformer({
          kubeconfig: lab.kubeconfig({ token }),
          resources: ['v1/configmaps'],
          namespace,
          watchList: false,
        }),
      ]);
      for (const informer of informers) t.teardown(() => informer.stop());
      for (const informer of informers) await informer.synced();
      await lab.followed('v1/configmaps', { namespace });
      const from = lab.proxy.requests.length;
      const listsOf = (informer: (typeof informers)[number]) =>
        informer.events.filter((event) => event.event === 'request' && !/watch=true/.test(event.url)).length;
      const listsBefore = informers.map(listsOf);
      const writesMs: number[] = [];
      for (let flap = 0; flap < flaps; flap++) {
        // Down and up for about half a second each: long enough to be noticed, too short to come to rest.
        for (const mode of ['reset', 'pass'] as const) {
          await lab.set(mode);
          const until = performance.now() + 400 + 20 * flap;
          const started = performance.now();
          const written = await client().request('PATCH', `${maps}/web`, { data: { flap: `${flap} ${mode}` } });
          t.true([200, 503, 504].includes(written.status), written.raw.toString());
          const reported = await kubelet.reportNode([{ type: 'Ready', status: 'True', message: `${flap} ${mode}` }]);
          t.true([200, 503, 504].includes(reported.status), reported.raw.toString());
          const renewed = await kubelet.renewLease(
            lease,
            `2026-11-21T08:${String(10 + flap)}:${mode === 'pass' ? 30 : 10}.000000Z`,
          );
          if (renewed.status === 200) lease = renewed.body;
          else if (renewed.status === 409) {
            const read = await kubelet.get(leaseOf(namespace));
            if (read.status === 200) lease = read.body;
          }
          writesMs.push(performance.now() - started);
          await eventually('the next flap is due', () => performance.now() > until, { everyMs: 20, timeoutMs: 5000 });
        }
      }
      await lab.heal();
      const last = await client().expect('PATCH', `${maps}/web`, { data: { flap: 'the last' } });
      t.is(last.data.flap, 'the last');
      await untilReplayed(lab);
      await eventually('the cloud has the last word of each', async () => {
        const { body } = await plane.admin.request('GET', `${maps}/web`);
        return body.data.flap === 'the last' && readyOf((await plane.admin.request('GET', nodePath)).body)?.message;
      });
      const lists = informers.map((informer, i) => listsOf(informer) - listsBefore[i]!);
      const upstream = lab.proxy.requests.slice(from);
      const readsOf = (path: string) =>
        upstream.filter((one) => one.path === path && one.method === 'GET' && one.query.get('watch') !== 'true').length;
      t.log(
        `lists by informers: ${lists.join(', ')}; by the hub: ${readsOf('/api/v1/pods')} of pods, ${readsOf('/api/v1/nodes')} of nodes, ${readsOf(maps)} of configmaps; ${upstream.length} requests; slowest three writes ${Math.round(Math.max(...writesMs))} ms`,
      );
      for (const count of lists) t.true(count < flaps, 'less than one list per reflector and flap');
      for (const path of ['/api/v1/pods', '/api/v1/nodes', maps])
        t.true(readsOf(path) <= 2 * flaps, `${path}: ${readsOf(path)}`);
      const [pods] = informers;
      const deletions = pods!.events.filter(({ event }) => event === 'delete');
      t.deepEqual(deletions, [], 'no pod was told to end');
      t.is((await pods!.dump()).objects[`${namespace}/web`]?.uid, pod.uid);
      t.deepEqual(lab.logged('outbox.parked'), []);
      const settled = (await lab.hub.admin.request('GET', '/status')).body.outbox;
      t.like(settled, { waiting: 0, parked: 0 });
    },
    { hubArguments: ['--offline-writes', 'configmaps'], prepare: withPods('web') },
  );
});
