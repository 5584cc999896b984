// Oracle, link cut: what kubelet writes. The same bytes that a real one sends go to the hub, whose link is cut, and to the
// apiserver itself, and the answers are the same. One apiserver for all, one hub and one node for each test.

import { Agent, request as sendRequest } from 'node:http';
import type { Answer } from './api-client.ts';
import { eventually } from './eventually.ts';
import { followWatch } from './followed-watch.ts';
import {
  endedStatus,
  eventOf,
  type KubeletRequests,
  kubeletRequests,
  kubeletUserAgent,
  type PodName,
  podConditionOrder,
  runningStatus,
} from './kubelet-requests.ts';
import { type Lab, podOf } from './lab.ts';
import { labsOnOnePlane } from './labs-on-one-plane.ts';
import { test } from './one-by-one.ts';
import { comparable, sameAsCloud } from './same-as-cloud.ts';

/** Enough to go over the bound of 5000; the oracle's number is 10 000. */
const floodEvents = Number(process.env.HOLDFAST_E2E_EVENTS ?? 5200);

const labs = labsOnOnePlane(test);
const withStage = labs.withLab;

/** A pod that the scheduler has bound to this node and that kubelet has said to run. */
async function runningPod(namespace: string, name: string, nodeName: string, changes: object = {}): Promise<void> {
  await labs.plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/pods`, {
    ...podOf(name, nodeName),
    ...changes,
  });
  await labs.plane.admin.expect('PATCH', `/api/v1/namespaces/${namespace}/pods/${name}/status`, {
    status: { phase: 'Running' },
  });
}

async function podName(kubelet: KubeletRequests, namespace: string, name: string): Promise<PodName> {
  const { body, status, raw } = await kubelet.get(`/api/v1/namespaces/${namespace}/pods/${name}`);
  if (status !== 200) throw new Error(`${status} ${raw}`);
  return { namespace, name, uid: body.metadata.uid };
}

const ofCache = (answer: Answer) => answer.headers['x-holdfast-source'];

test('case 21: a kubelet that registers again is told 409, as by the apiserver, and goes on with the Node that is there', async (t) => {
  await withStage(async ({ lab, kubelet, direct, nodePath }) => {
    await lab.cut();
    const refused = await kubelet.register();
    t.like(refused.body, { kind: 'Status', code: 409, reason: 'AlreadyExists' });
    sameAsCloud(t, refused, await direct.register(), 'POST of the Node');
    const got = await kubelet.get(nodePath);
    t.is(got.body.metadata.labels.zone, 'north');
    sameAsCloud(t, got, await direct.get(nodePath), 'GET of the Node');
    const patch = [
      [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }],
    ] as const;
    const patched = await kubelet.reportNode(...patch);
    t.is(patched.status, 200);
    sameAsCloud(t, patched, await direct.reportNode(...patch), 'PATCH of its status');
  });
});

test('case 22: a patch of the node’s status is merged by type, in kubelet’s order, and the answer shows volumesInUse', async (t) => {
  await withStage(async ({ lab, kubelet, direct, nodePath }) => {
    const at = '2026-11-21T07:59:35Z';
    const all = (['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const).map((type) => ({
      type,
      status: 'False' as const,
      reason: 'Fine',
      message: 'fine',
      lastHeartbeatTime: at,
      lastTransitionTime: at,
    }));
    // The cloud's own condition stands between kubelet's; it is kept.
    const network = { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated', lastHeartbeatTime: at };
    await labs.plane.admin.expect('PATCH', `${nodePath}/status`, { status: { conditions: [network] } });
    await kubelet.reportNode(all, { volumesInUse: ['kubernetes.io/csi/a^1'] });
    await lab.cut();
    const ready = {
      type: 'Ready',
      status: 'True' as const,
      reason: 'KubeletReady',
      message: 'ready',
      lastHeartbeatTime: at,
    };
    const steps: readonly (() => [Parameters<KubeletRequests['reportNode']>[0], object?, object?])[] = [
      () => [[ready], { volumesInUse: ['kubernetes.io/csi/a^1', 'kubernetes.io/csi/b^2'] }],
      // The heartbeat of a node to which nothing happens.
      () => [[...all, ready].map(({ type }) => ({ type, lastHeartbeatTime: '2026-11-21T08:04:35Z' }) as never)],
      () => [
        [{ ...ready, status: 'False' as const, reason: 'KubeletNotReady' }],
        {
          capacity: { 'example.com/gpu': '2' },
          allocatable: { 'example.com/gpu': '2' },
          images: [{ names: ['b'], sizeBytes: 5 }],
        },
        {
          annotations: { 'csi.volume.kubernetes.io/nodeid': '{"a":"1"}' },
          labels: { 'topology.example.com/rack': 'r1' },
        },
      ],
      () => [
        [],
        { capacity: { 'example.com/gpu': null }, allocatable: { 'example.com/gpu': null }, volumesInUse: null },
      ],
    ];
    for (const [i, step] of steps.entries()) {
      const edge = await kubelet.reportNode(...step());
      t.is(edge.status, 200, edge.raw.toString());
      t.is(ofCache(edge), 'outbox');
      sameAsCloud(t, edge, await direct.reportNode(...step()), `step ${i}`);
      t.deepEqual(
        edge.body.status.conditions
          .map(({ type }: { type: string }) => type)
          .filter((type: string) => type !== network.type),
        ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'],
      );
      if (i === 0) t.deepEqual(edge.body.status.volumesInUse, ['kubernetes.io/csi/a^1', 'kubernetes.io/csi/b^2']);
      t.deepEqual(comparable((await kubelet.get(nodePath)).body), comparable(edge.body), 'and is read so');
    }
  });
});

test('case 23: addresses with a $patch: replace element take the place of the old ones, and the directive is gone', async (t) => {
  await withStage(async ({ lab, kubelet, direct }) => {
    await labs.plane.admin.expect('PATCH', `/api/v1/nodes/${kubelet.nodeName}/status`, {
      status: {
        addresses: [
          { type: 'InternalIP', address: '192.0.2.17' },
          { type: 'InternalIP', address: '2001:db8::17' },
        ],
      },
    });
    await lab.cut();
    const addresses = [
      { type: 'InternalIP', address: '192.0.2.99' },
      { type: 'InternalIP', address: '2001:db8::99' },
      { type: 'Hostname', address: kubelet.nodeName },
    ];
    const status = () => ({ addresses: [...addresses, { $patch: 'replace' }] });
    const edge = await kubelet.reportNode([], status());
    t.deepEqual(edge.body.status.addresses, addresses, edge.raw.toString());
    t.false(edge.raw.includes('$patch'));
    sameAsCloud(t, edge, await direct.reportNode([], status()));
  });
});

test('case 24: a renewed Lease has a new version; an old version is 409, none is 422', async (t) => {
  for (const contentType of ['protobuf', 'json'] as const) {
    await withStage(async ({ lab, direct, nodePath }) => {
      const kubelet = kubeletRequests(() => lab.node, lab.nodeName, contentType);
      const node = (await kubelet.get(nodePath)).body.metadata;
      const made = await kubelet.createLease('2026-11-21T07:55:10.842502Z', node);
      t.is(made.status, 201, made.raw.toString());
      await lab.cut();
      let lease = made.body;
      for (const second of [21, 31, 41]) {
        const renewTime = `2026-11-21T07:55:${second}.218445Z`;
        const renewed = await kubelet.renewLease(lease, renewTime);
        t.is(renewed.status, 200, renewed.raw.toString());
        t.is(renewed.body.spec.renewTime, renewTime);
        t.true(BigInt(renewed.body.metadata.resourceVersion) > BigInt(lease.metadata.resourceVersion));
        t.is(renewed.body.metadata.uid, made.body.metadata.uid);
        lease = renewed.body;
      }
      const at = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${lab.nodeName}`;
      t.deepEqual((await kubelet.get(at)).body, lease);
      const with_ = (resourceVersion: string | undefined) => ({
        ...made.body,
        metadata: { ...made.body.metadata, resourceVersion },
      });
      for (const [version, code] of [
        ['1', 409],
        [undefined, 422],
      ] as const) {
        const edge = await kubelet.renewLease(with_(version), '2026-11-21T07:56:00.000000Z');
        t.is(edge.status, code, edge.raw.toString());
        sameAsCloud(
          t,
          edge,
          await direct.renewLease(with_(version), '2026-11-21T07:56:00.000000Z'),
          `version ${version}`,
        );
      }
      t.deepEqual((await kubelet.get(at)).body.spec, lease.spec, 'what was refused has changed nothing');
    });
  }
});

test('case 25: a pod’s status is taken for its uid; another uid is 422, a pod that is known not to be there 404', async (t) => {
  await withStage(
    async ({ lab, kubelet, direct }) => {
      const { nodeName } = lab;
      const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
      const pod = await podName(kubelet, nodeName, 'web');
      await lab.cut();
      const steps: readonly (() => object)[] = [
        () => runningStatus('10.244.1.7'),
        () => ({
          conditions: podConditionOrder.map(({ type }) => ({ observedGeneration: 2, type })),
          observedGeneration: 2,
        }),
        // A reboot: the sandbox is gone, and with it the address.
        () => ({ podIP: null, podIPs: [{ $patch: 'delete', ip: '10.244.1.7' }], '$setElementOrder/podIPs': [] }),
        () => endedStatus('Failed', 137),
      ];
      for (const [i, step] of steps.entries()) {
        const edge = await kubelet.reportPod(pod, step());
        t.is(edge.status, 200, edge.raw.toString());
        sameAsCloud(t, edge, await direct.reportPod(pod, step()), `step ${i}`);
        const { body } = await kubelet.get(pods);
        t.deepEqual(comparable(body.items[0]), itemOf(comparable(edge.body)), 'and is listed so');
      }
      const other = { ...pod, uid: 'fd0bd0a8-7a43-43a4-a1ba-a8a72e26e6a0' };
      const edge = await kubelet.reportPod(other, runningStatus('10.244.1.8'));
      t.like(edge.body, { kind: 'Status', code: 422, reason: 'Invalid' });
      t.regex(edge.body.message, /field is immutable/);
      sameAsCloud(t, edge, await direct.reportPod(other, runningStatus('10.244.1.8')), 'another uid');

      // It is gone, and this node knows it for certain, because it has removed it itself.
      t.is((await kubelet.deletePod(pod)).status, 200);
      t.is((await direct.deletePod(pod)).status, 200);
      // The node authorizer calls a pod that is gone none of this node's (403); whoever may read all is told 404.
      const admin = kubeletRequests(() => labs.plane.admin, nodeName, 'json');
      const path = `/api/v1/namespaces/${nodeName}/pods/web`;
      for (const [edge, cloud] of [
        [await kubelet.get(path), await admin.get(path)],
        [await kubelet.deletePod(pod), await direct.deletePod(pod)],
        [
          await kubelet.reportPod(pod, runningStatus('10.244.1.8')),
          await direct.reportPod(pod, runningStatus('10.244.1.8')),
        ],
      ] as const) {
        t.like(edge.body, { code: 404, reason: 'NotFound' });
        sameAsCloud(t, edge, cloud, 'a pod that is gone');
      }
      // A name that nobody here has heard of may be a pod of another node.
      const stranger = { namespace: nodeName, name: 'stranger', uid: pod.uid };
      t.like((await kubelet.reportPod(stranger, runningStatus('10.244.1.8'))).body, {
        code: 503,
        reason: 'ServiceUnavailable',
      });
    },
    { prepare: ({ namespace }) => runningPod(namespace, 'web', namespace) },
  );
});

test('case 25: a pod that kubelet knows from its watch alone is reported and read as the watch has shown it last', async (t) => {
  await withStage(
    async ({ lab, kubelet, direct }) => {
      const { nodeName } = lab;
      const path = `/api/v1/namespaces/${nodeName}/pods/web`;
      const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
      // Got by name once; then the cloud changes it, and only the watch tells.
      const pod = await podName(kubelet, nodeName, 'web');
      const { items } = (await kubelet.get(pods)).body;
      const unseen = items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'unseen').metadata;
      await labs.plane.admin.expect('PATCH', path, { metadata: { annotations: { changed: 'in the cloud' } } });
      await labs.plane.admin.expect('DELETE', path);
      await eventually('the watch has told', async () => {
        const { body } = await kubelet.get(`${pods}&resourceVersion=0`);
        return body.items.some(
          ({ metadata }: { metadata: { deletionTimestamp?: string } }) => metadata.deletionTimestamp,
        );
      });
      await lab.cut();
      sameAsCloud(t, await kubelet.get(path), await direct.get(path), 'GET of what the watch has told');
      const edge = await kubelet.reportPod(pod, runningStatus('10.244.1.7'));
      t.truthy(edge.body.metadata.deletionTimestamp, edge.raw.toString());
      sameAsCloud(t, edge, await direct.reportPod(pod, runningStatus('10.244.1.7')), 'PATCH on top of it');
      const other = { namespace: nodeName, name: 'unseen', uid: unseen.uid };
      const unseenPath = `/api/v1/namespaces/${nodeName}/pods/unseen`;
      sameAsCloud(t, await kubelet.get(unseenPath), await direct.get(unseenPath), 'GET of one never got by name');
      const reported = await kubelet.reportPod(other, runningStatus('10.244.1.8'));
      sameAsCloud(t, reported, await direct.reportPod(other, runningStatus('10.244.1.8')), 'PATCH of it');
    },
    {
      prepare: async ({ namespace }) => {
        await runningPod(namespace, 'web', namespace);
        await runningPod(namespace, 'unseen', namespace);
      },
    },
  );
});

test('case 26: a pod that is deleted for good is gone for every reader, also for a kubelet that starts anew, and then in the cloud', async (t) => {
  await withStage(
    async ({ lab, kubelet }) => {
      const { nodeName } = lab;
      const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
      const pod = await podName(kubelet, nodeName, 'done');
      const admin = kubeletRequests(() => labs.plane.admin, nodeName, 'json');
      const path = `/api/v1/namespaces/${nodeName}/pods/done`;
      await labs.plane.admin.expect('DELETE', path); // with its grace period: from here on kubelet ends it
      const { resourceVersion } = (
        await eventually('kubelet hears of it', async () => {
          const { body } = await kubelet.get(`${pods}&resourceVersion=0`);
          return (
            body.items.some(
              ({ metadata }: { metadata: { deletionTimestamp?: string } }) => metadata.deletionTimestamp,
            ) && body
          );
        })
      ).metadata;
      await lab.cut();
      const watch = followWatch(lab.node, `${pods}&watch=true&resourceVersion=${resourceVersion}`);
      t.teardown(() => watch.stop());
      const ended = await kubelet.reportPod(pod, endedStatus('Failed', 137));
      t.is(ended.status, 200, ended.raw.toString());
      const deleted = await kubelet.deletePod(pod);
      t.is(deleted.status, 200, deleted.raw.toString());
      t.like(deleted.body, { kind: 'Pod', metadata: { uid: pod.uid }, status: { phase: 'Failed' } });
      const { object } = await watch.waitFor('the end of the pod', ({ type }) => type === 'DELETED');
      t.is(object.metadata.uid, pod.uid);
      t.deepEqual(
        watch.events.map(({ type }) => type),
        ['MODIFIED', 'DELETED'],
      );
      const versions = [resourceVersion, ...watch.events.map((event) => event.object.metadata.resourceVersion)].map(
        BigInt,
      );
      t.deepEqual(
        versions,
        versions.toSorted((a, b) => (a < b ? -1 : 1)),
      );

      const isLeft = async (about: string) => {
        t.deepEqual(
          (await kubelet.get(pods)).body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
          ['stays'],
          about,
        );
        t.is((await kubelet.get(path)).status, 404, about);
        const again = await kubelet.deletePod(pod);
        t.like(again.body, { code: 404, reason: 'NotFound' }, about);
      };
      await isLeft('offline');
      // kubelet and hub start anew: what kubelet asks for first must not bring the pod back.
      await lab.restartHub();
      await isLeft('after kill -9');
      const informed = followWatch(
        lab.node,
        `${pods}&watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
      );
      t.teardown(() => informed.stop());
      await informed.waitFor('all that there is', ({ type }) => type === 'BOOKMARK');
      t.deepEqual(
        informed.events.filter(({ type }) => type === 'ADDED').map((event) => event.object.metadata.name),
        ['stays'],
      );

      await lab.heal();
      await eventually('the cloud has heard of it', async () => (await admin.get(path)).status === 404);
      const { items } = (await kubelet.get(pods)).body;
      t.deepEqual(
        items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
        ['stays'],
      );
      t.false(informed.events.some(({ type, object: seen }) => type === 'ADDED' && seen.metadata.name === 'done'));
    },
    {
      prepare: async ({ namespace }) => {
        await runningPod(namespace, 'done', namespace);
        await runningPod(namespace, 'stays', namespace);
      },
    },
  );
});

test('case 27: a pod of another uid is not deleted: 409, in the apiserver’s own words', async (t) => {
  await withStage(
    async ({ lab, kubelet, direct }) => {
      const pod = { ...(await podName(kubelet, lab.nodeName, 'web')), uid: 'fd0bd0a8-7a43-43a4-a1ba-a8a72e26e6a0' };
      await lab.cut();
      const refused = await kubelet.deletePod(pod);
      t.like(refused.body, { kind: 'Status', code: 409, reason: 'Conflict' });
      sameAsCloud(t, refused, await direct.deletePod(pod));
      t.is((await kubelet.get(`/api/v1/namespaces/${lab.nodeName}/pods/web`)).status, 200, 'it is still there');
    },
    { prepare: ({ namespace }) => runningPod(namespace, 'web', namespace) },
  );
});

test('a mirror pod that refers to what the cloud keeps is refused, in the apiserver’s own words', async (t) => {
  await withStage(async ({ lab, kubelet, direct }) => {
    const { nodeName } = lab;
    const { body: node } = await kubelet.get(`/api/v1/nodes/${nodeName}`);
    await lab.cut();
    const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid, controller: true };
    const containers = [{ name: 'app', image: 'app' }];
    const references: readonly object[] = [
      { serviceAccountName: 'default' },
      { imagePullSecrets: [{ name: 'registry' }] },
      { containers: [{ ...containers[0], envFrom: [{ configMapRef: { name: 'settings' } }] }] },
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }] },
      { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'disk' } }] },
    ];
    for (const members of references) {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          name: `static-${nodeName}`,
          annotations: { 'kubernetes.io/config.mirror': 'hash' },
          ownerReferences: [owner],
        },
        spec: { nodeName, containers, ...members },
      };
      const refused = await kubelet.createPod(nodeName, pod);
      t.is(refused.status, 403, refused.raw.toString());
      sameAsCloud(t, refused, await direct.createPod(nodeName, pod), JSON.stringify(members));
    }
    t.is((await lab.hub.admin.request('GET', '/status')).body.outbox.waiting, 0);
  });
});

test(`case 28: an event is taken and counted up; of ${floodEvents} the newest stay, and none is refused`, async (t) => {
  t.timeout(180_000);
  await withStage(async ({ lab, kubelet, direct }) => {
    const { nodeName } = lab;
    await lab.cut();
    const words = {
      name: `${nodeName}.18ea004096630c18`,
      reason: 'BackOff',
      message: 'Back-off restarting',
      type: 'Warning' as const,
    };
    const made = await kubelet.postEvent(words);
    t.is(made.status, 201, made.raw.toString());
    t.regex(made.body.metadata.resourceVersion, /^[1-9][0-9]*$/);
    t.regex(made.body.metadata.uid, /^[0-9a-f-]{36}$/);
    sameAsCloud(t, made, await direct.postEvent(words), 'POST');
    const counted = await kubelet.patchEvent(words.name, 'default', 2, 'Back-off restarting, again');
    t.like(counted.body, { count: 2, message: 'Back-off restarting, again' });
    t.is(counted.body.metadata.uid, made.body.metadata.uid);
    const inCloud = await direct.patchEvent(words.name, 'default', 2, 'Back-off restarting, again');
    t.deepEqual(comparable(counted.body, true), comparable(inCloud.body, true), 'PATCH');
    const unheard = await kubelet.patchEvent('never.posted', 'default', 2, 'x');
    t.log(`PATCH of an event that nobody here has heard of: ${unheard.status} ${unheard.body.message}`);

    const rssBefore = (await lab.hub.admin.request('GET', '/status')).body.memory.rssBytes;
    const flood = await floodOfEvents(lab, floodEvents);
    t.deepEqual(flood.codes, { 201: floodEvents });
    const { body } = await lab.hub.admin.request('GET', '/status');
    t.log(
      `${Math.round(floodEvents / (flood.ms / 1000))} events a second; memory ${Math.round(rssBefore / 1e6)} -> ${Math.round(body.memory.rssBytes / 1e6)} MB`,
    );
    const dropped = lab.logged('outbox.dropped').length;
    t.true(dropped > 0, 'the bound is reached, and said');
    const look = async (about: string) => {
      const event = (i: number) => kubelet.get(`/api/v1/namespaces/default/events/${nodeName}.flood-${i}`);
      t.is((await event(floodEvents - 1)).status, 200, `${about}: the newest is there`);
      t.is((await event(0)).status, 503, `${about}: the oldest is not, and nobody pretends to know`);
      t.is(
        (await kubelet.get(`/api/v1/namespaces/default/events/${words.name}`)).body.count,
        2,
        `${about}: a Warning outlives what is Normal`,
      );
    };
    await look('before kill -9');
    await lab.restartHub();
    await look('after kill -9');
  });
});

test('case 31: a CSINode that is known takes its drivers, offline and then in the cloud; an unknown one is 503', async (t) => {
  await withStage(async ({ lab, kubelet, direct, nodePath }) => {
    const { nodeName } = lab;
    const csiNodePath = `/apis/storage.k8s.io/v1/csinodes/${nodeName}`;
    const node = (await kubelet.get(nodePath)).body.metadata;
    t.is((await kubelet.get(`${csiNodePath}?resourceVersion=0`)).status, 404);
    await lab.cut();
    for (const answer of [
      await kubelet.get(csiNodePath),
      await kubelet.get(`${csiNodePath}?resourceVersion=0`),
      await kubelet.createCsiNode(node),
    ]) {
      t.like(
        answer.body,
        { kind: 'Status', code: 503, reason: 'ServiceUnavailable' },
        'kubelet asks again, and does not exit',
      );
      t.is(answer.headers['retry-after'], undefined);
    }
    await lab.heal();
    const made = await kubelet.createCsiNode(node);
    t.is(made.status, 201, made.raw.toString());
    await lab.cut();
    t.deepEqual(comparable((await kubelet.get(csiNodePath)).body), comparable(made.body));
    sameAsCloud(t, await kubelet.createCsiNode(node), await direct.createCsiNode(node), 'POST of what is there');
    const drivers = [
      {
        name: 'csi.example.com',
        nodeID: nodeName,
        topologyKeys: ['topology.example.com/zone'],
        allocatable: { count: 16 },
      },
    ];
    const updated = await kubelet.updateCsiNode({ ...made.body, spec: { drivers } });
    t.deepEqual(updated.body.spec?.drivers, drivers, updated.raw.toString());
    const stale = { ...made.body, spec: { drivers: [] } };
    t.like(
      (await kubelet.updateCsiNode(stale)).body,
      { code: 409, reason: 'Conflict' },
      'the version is a precondition',
    );
    const without = { ...stale, metadata: { ...made.body.metadata, resourceVersion: undefined } };
    sameAsCloud(t, await kubelet.updateCsiNode(without), await direct.updateCsiNode(without), 'PUT without a version');
    await lab.heal();
    await eventually('the cloud has the driver', async () => {
      const { body } = await labs.plane.admin.request('GET', csiNodePath);
      return body.spec.drivers[0]?.name === 'csi.example.com';
    });
  });
});

test('case 46: flannel’s annotations on its own node are kept, and brought there with flannel’s own right to patch', async (t) => {
  await withStage(async ({ lab, kubelet, nodePath }) => {
    const { nodeName } = lab;
    // As in flannel's own manifest: nothing but patch on the status.
    const token = await lab.account(nodeName, 'flannel', [
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
    ]);
    const backend = (mac: string) => ({
      metadata: {
        annotations: {
          'flannel.alpha.coreos.com/backend-data': `{"VNI":1,"VtepMAC":"${mac}"}`,
          'flannel.alpha.coreos.com/backend-type': 'vxlan',
          'flannel.alpha.coreos.com/kube-subnet-manager': 'true',
          'flannel.alpha.coreos.com/public-ip': '192.0.2.17',
        },
      },
    });
    const headers = {
      'content-type': 'application/strategic-merge-patch+json',
      'user-agent': 'flanneld/v0.26.1 (linux/amd64)',
    };
    const patch = (mac: string, node = nodeName) =>
      lab.as(token).request('PATCH', `/api/v1/nodes/${node}/status`, backend(mac), { headers });
    t.is((await patch('aa:aa:aa:aa:aa:aa')).status, 200);
    await lab.as(token).expect('GET', '/api/v1/nodes');
    await lab.followed('v1/nodes', { fieldSelector: '' });
    await lab.cut();
    const watch = followWatch(lab.as(token), '/api/v1/nodes?watch=true&resourceVersion=0');
    t.teardown(() => watch.stop());
    const patched = await patch('bb:bb:bb:bb:bb:bb');
    t.is(patched.status, 200, patched.raw.toString());
    t.regex(patched.body.metadata.annotations['flannel.alpha.coreos.com/backend-data'], /bb:bb/);
    await watch.waitFor(
      'flannel sees what it wrote',
      ({ type, object }) =>
        type === 'MODIFIED' && /bb:bb/.test(object.metadata.annotations['flannel.alpha.coreos.com/backend-data']),
    );
    t.like((await patch('cc:cc:cc:cc:cc:cc', 'edge-of-others')).body, { code: 503 }, 'of another node nothing is kept');
    // kubelet's own patch goes on beside it.
    t.is((await kubelet.reportNode([{ type: 'Ready', status: 'True', reason: 'KubeletReady' }])).status, 200);
    await labs.plane.admin.expect('PATCH', nodePath, { metadata: { labels: { changed: 'meanwhile' } } });
    await lab.heal();
    const inCloud = await eventually('the cloud has flannel’s annotation and kubelet’s condition', async () => {
      const { body } = await labs.plane.admin.request('GET', nodePath);
      const isThere = /bb:bb/.test(body.metadata.annotations['flannel.alpha.coreos.com/backend-data']);
      return isThere && body.status.conditions?.some(({ type }: { type: string }) => type === 'Ready') && body;
    });
    t.is(inCloud.metadata.labels.changed, 'meanwhile');
    t.deepEqual(lab.logged('outbox.parked'), []);
    const managers = inCloud.metadata.managedFields.map(({ manager }: { manager: string }) => manager);
    t.true(managers.includes('flanneld') && managers.includes('kubelet'), managers.join());
    const written = (await labs.plane.audit()).filter(
      ({ verb, requestURI }) => verb === 'patch' && requestURI.startsWith(nodePath),
    );
    t.true(
      written.some(({ user }) => user.username === `system:serviceaccount:${nodeName}:flannel`),
      'by flannel itself',
    );
  });
});

/** In a list there are no kind and apiVersion. */
function itemOf({ kind: _kind, apiVersion: _version, ...object }: Record<string, unknown>): unknown {
  return object;
}

/** So many, on connections that are kept, as a kubelet in trouble sends them. */
async function floodOfEvents(
  lab: Lab,
  count: number,
): Promise<{ readonly codes: Readonly<Record<number, number>>; readonly ms: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const codes: Record<number, number> = {};
  const started = performance.now();
  const post = (i: number) => {
    const { path, body, headers } = eventRequest(lab.nodeName, i);
    return new Promise<number>((resolve, reject) => {
      const request = sendRequest(`${lab.hub.loopbackUrl}${path}`, { method: 'POST', agent, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject);
      request.end(body);
    });
  };
  try {
    let next = 0;
    const work = async () => {
      while (next < count) {
        const code = await post(next++);
        codes[code] = (codes[code] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: 32 }, work));
    return { codes, ms: performance.now() - started };
  } finally {
    agent.destroy();
  }
}

function eventRequest(nodeName: string, i: number) {
  const { path, object } = eventOf(
    { name: `${nodeName}.flood-${i}`, reason: 'Flood', message: `number ${i}` },
    nodeName,
  );
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': kubeletUserAgent };
  return { path, headers, body: JSON.stringify(object) };
}
