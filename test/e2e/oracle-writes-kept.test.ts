// Oracle, link cut: what was acknowledged stays, whatever happens to the process; every reader sees it at once and in one
// order; and what cannot be kept honestly is refused. One apiserver for all, one hub and one node for each test.
import type { ExecutionContext } from 'ava';
import type { Answer, ApiClient } from './api-client.ts';
import { cloudGoesOn } from './cloud-goes-on.ts';
import { eventually } from './eventually.ts';
import { type FollowedWatch, followWatch } from './followed-watch.ts';
import { podOf } from './lab.ts';
import { labsOnOnePlane, type Stage } from './labs-on-one-plane.ts';
import { test } from './one-by-one.ts';
import { comparable } from './same-as-cloud.ts';
import { startTypedClient } from './typed-client.ts';

const labs = labsOnOnePlane(test);
const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
const protobuf = 'application/vnd.kubernetes.protobuf';
const keepConfigMaps = { hubArguments: ['--offline-writes', 'configmaps'] };
const metadataBookmarks = 'allowWatchBookmarks=true&timeoutSeconds=600';

const mapsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`;
const versionOf = ({ body }: Answer): bigint => BigInt(body.metadata.resourceVersion);
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
});

/** Somebody whose writes the cloud was seen to take, and whose ConfigMaps are followed. */
async function writerOf({ lab, namespace }: Stage, ...names: readonly string[]): Promise<() => ApiClient> {
  const token = await lab.account(namespace, 'writer', all);
  const client = () => lab.as(token);
  const maps = mapsOf(namespace);
  for (const name of names) {
    await client().expect('POST', maps, configMap(name, { a: '1' }));
    await client().expect('PATCH', `${maps}/${name}`, { data: { b: '1' } });
  }
  await client().expect('GET', maps);
  await lab.followed('v1/configmaps', { namespace });
  return client;
}

test('case 38: of 100 patches in a stream none that was acknowledged is lost by kill -9, and versions never go back', async (t) => {
  t.timeout(180_000);
  const names = ['web-0', 'web-1', 'web-2', 'web-3'];
  await labs.withLab(async (stage) => {
    const { lab, plane, namespace } = stage;
    const client = await writerOf(stage, ...names);
    const maps = mapsOf(namespace);
    await lab.cut();
    const acknowledged = new Map<string, { readonly name: string; readonly version: bigint }>();
    let highest = 0n;
    for (const [round, killAfter] of [17, 50, 83].entries()) {
      let next = 0;
      let isDown = false;
      let refused = 0;
      let restarted: Promise<void> | undefined;
      const before = acknowledged.size;
      const floor = highest;
      const versions: bigint[] = [];
      const patch = async () => {
        while (next < 100) {
          const i = next++;
          const name = names[i % names.length]!;
          const key = `round-${round}-patch-${i}`;
          if (isDown) await restarted;
          const sentBefore = isDown;
          const answer = await client()
            .request('PATCH', `${maps}/${name}`, { data: { [key]: 'kept' } })
            .catch((error: NodeJS.ErrnoException) => error);
          if (answer instanceof Error) {
            refused += 1; // nobody was told anything
            continue;
          }
          if (answer.status !== 200) throw new Error(`${answer.status} ${answer.raw}`);
          t.is(answer.body.data[key], 'kept');
          acknowledged.set(key, { name, version: versionOf(answer) });
          versions.push(versionOf(answer));
          if (sentBefore || restarted !== undefined) continue;
          if (acknowledged.size - before < killAfter) continue;
          isDown = true;
          restarted = lab.restartHub();
        }
      };
      await Promise.all(Array.from({ length: 8 }, patch));
      await restarted;
      t.is(new Set(versions).size, versions.length, 'no version is given out twice');
      for (const version of versions) t.true(version > floor, 'nor one from before the crash');
      for (const version of versions) if (version > highest) highest = version;
      await everyAcknowledged(t, client(), maps, acknowledged);
      t.log(`killed after ${killAfter} of 100: ${acknowledged.size - before} acknowledged, ${refused} broken off`);
    }
    await lab.heal();
    await eventually('the cloud has all of them', async () => {
      await everyAcknowledged(undefined, plane.admin, maps, acknowledged);
      return true;
    });
  }, keepConfigMaps);
});

async function everyAcknowledged(
  t: ExecutionContext | undefined,
  client: ApiClient,
  maps: string,
  acknowledged: ReadonlyMap<string, { readonly name: string }>,
): Promise<void> {
  const { items } = await client.expect('GET', maps);
  for (const [key, { name }] of acknowledged) {
    const listed = items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === name);
    if (listed?.data[key] !== 'kept') throw new Error(`${key} of ${name} is lost`);
  }
  for (const name of new Set([...acknowledged.values()].map((one) => one.name))) {
    const { data } = await client.expect('GET', `${maps}/${name}`);
    const listed = items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === name);
    t?.deepEqual(data, listed.data, 'got by name and listed the same');
  }
}

test('case 39: after kill -9 offline a watch goes on from the last version that was told; from an older one it hears all or 410', async (t) => {
  await labs.withLab(async (stage) => {
    const { lab, namespace } = stage;
    const client = await writerOf(stage, 'web', 'api');
    const maps = mapsOf(namespace);
    const beforeCut = (await client().expect('GET', maps)).metadata.resourceVersion;
    await lab.cut();
    const told: string[] = [];
    for (const i of [1, 2, 3]) {
      const { metadata } = await client().expect('PATCH', `${maps}/web`, { data: { i: String(i) } });
      told.push(metadata.resourceVersion);
    }
    await lab.restartHub();
    const watchFrom = (version: string) => {
      const watch = followWatch(client(), `${maps}?watch=true&${metadataBookmarks}&resourceVersion=${version}`);
      t.teardown(() => watch.stop());
      return watch;
    };
    const latest = watchFrom(told.at(-1)!);
    const older = [beforeCut, ...told.slice(0, -1)].map((version) => watchFrom(version));
    await eventually('they are open or refused', async () => {
      const { watchers } = await lab.status();
      return watchers + older.filter(({ end }) => end !== undefined).length === 1 + older.length;
    });
    const next = await client().expect('PATCH', `${maps}/api`, { data: { after: 'the restart' } });
    const event = await latest.waitFor('what was written after the restart', ({ type }) => type === 'MODIFIED');
    t.deepEqual(event.object, next);
    t.deepEqual(
      latest.events.map(({ type }) => type),
      ['MODIFIED'],
      'and nothing twice',
    );
    for (const [i, watch] of older.entries()) {
      const isRefused = () =>
        /410|Expired/.test(watch.end ?? '') ||
        watch.events.some(({ type, object }) => type === 'ERROR' && object.code === 410);
      await eventually(
        'it hears all, or that it cannot',
        () => isRefused() || hears(watch, next.metadata.resourceVersion),
      );
      if (isRefused()) continue;
      const seen = watch.events.filter(({ object }) => object.metadata.name === 'web').at(-1);
      t.is(seen?.object.data.i, '3', `watch ${i} has heard the last of what it had not`);
    }
    t.log(
      `from older versions: ${older.map(({ end, events }) => (end ?? events.map(({ type }) => type)).toString().slice(0, 60)).join(' | ')}`,
    );
    const { items, metadata } = await client().expect('GET', maps);
    t.is(items.find((item: { metadata: { name: string } }) => item.metadata.name === 'web').data.i, '3');
    t.true(BigInt(metadata.resourceVersion) >= BigInt(next.metadata.resourceVersion));
  }, keepConfigMaps);
});

function hears(watch: FollowedWatch, resourceVersion: string): boolean {
  return watch.events.some(({ object }) => object.metadata?.resourceVersion === resourceVersion);
}

test('case 40: all versions that one client is told offline rise, whatever the kind, are int64, and go on rising after the heal', async (t) => {
  await labs.withLab(
    async (stage) => {
      const { lab, plane, kubelet, namespace, nodePath } = stage;
      const client = await writerOf(stage, 'web');
      const maps = mapsOf(namespace);
      const node = (await kubelet.get(nodePath)).body.metadata;
      let lease = (await kubelet.createLease('2026-11-21T07:55:10.000000Z', node)).body;
      const path = `/api/v1/namespaces/${namespace}/pods/web`;
      const pod = { namespace, name: 'web', uid: (await kubelet.get(path)).body.metadata.uid };
      const { metadata } = await client().expect('GET', maps);
      const watch = followWatch(
        client(),
        `${maps}?watch=true&${metadataBookmarks}&resourceVersion=${metadata.resourceVersion}`,
      );
      t.teardown(() => watch.stop());
      await lab.cut();
      const told: bigint[] = [BigInt(metadata.resourceVersion)];
      const hear = (answer: Answer) => {
        t.true(answer.status < 300, answer.raw.toString());
        told.push(versionOf(answer));
        return answer.body;
      };
      const round = async (i: number) => {
        lease = hear(await kubelet.renewLease(lease, `2026-11-21T07:55:${20 + i}.000000Z`));
        hear(await kubelet.reportNode([{ type: 'Ready', status: 'True', message: `round ${i}` }]));
        hear(await client().request('PATCH', `${maps}/web`, { data: { i: String(i) } }));
        hear(await kubelet.postEvent({ name: `${namespace}.${i}`, reason: 'Round', message: `round ${i}` }));
        hear(await client().request('POST', maps, configMap(`made-${i}`)));
        hear(await kubelet.reportPod(pod, { conditions: [{ type: 'Ready', status: 'True', message: `round ${i}` }] }));
        if (i > 0) await client().expect('DELETE', `${maps}/made-${i - 1}`);
      };
      for (const i of [0, 1, 2]) await round(i);
      await watch.waitFor(
        'the last change',
        ({ type, object }) => type === 'DELETED' && object.metadata.name === 'made-1',
      );
      await lab.restartHub();
      // The Lease is kept in memory: kubelet is told of a conflict, reads it and renews it, as it does by itself.
      t.is((await kubelet.renewLease(lease, '2026-11-21T07:55:30.000000Z')).status, 409);
      lease = (await kubelet.get(`/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${namespace}`)).body;
      for (const i of [3, 4]) await round(i);
      for (const [i, version] of told.entries()) {
        t.true(version < 2n ** 63n);
        if (i > 0) t.true(version > told[i - 1]!, `${version} after ${told[i - 1]}`);
      }
      t.deepEqual(
        watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`),
        [
          'MODIFIED web',
          'ADDED made-0',
          'MODIFIED web',
          'ADDED made-1',
          'DELETED made-0',
          'MODIFIED web',
          'ADDED made-2',
          'DELETED made-1',
        ],
        'until kill -9 has cut it off',
      );
      const list = await client().expect('GET', maps);
      const after = followWatch(
        client(),
        `${maps}?watch=true&${metadataBookmarks}&resourceVersion=${list.metadata.resourceVersion}`,
      );
      t.teardown(() => after.stop());
      await cloudGoesOn(plane, told.at(-1)!);
      await lab.heal();
      await eventually(
        'the cloud has the last',
        async () => (await plane.admin.request('GET', `${maps}/made-4`)).status === 200,
      );
      await plane.admin.expect('PATCH', `${maps}/web`, { data: { i: 'in the cloud' } });
      await after.waitFor('the cloud’s change', ({ object }) => object.data?.i === 'in the cloud', 90_000);
      for (const events of [watch.events, after.events]) {
        const versions = events.map(({ object }) => BigInt(object.metadata.resourceVersion));
        for (const [i, version] of versions.entries()) {
          if (i > 0) t.true(version > versions[i - 1]!, `${version} after ${versions[i - 1]}`);
        }
      }
      t.true(BigInt(after.events[0]!.object.metadata.resourceVersion) > BigInt(list.metadata.resourceVersion));
    },
    {
      ...keepConfigMaps,
      prepare: ({ plane, namespace }) =>
        plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('web', namespace)),
    },
  );
});

test('case 41: a Go client that speaks protobuf writes and reads what a JSON client does, online, offline and after the heal', async (t) => {
  await labs.withLab(async (stage) => {
    const { lab, plane, namespace } = stage;
    const token = await lab.account(namespace, 'writer', all);
    const client = () => lab.as(token);
    const maps = mapsOf(namespace);
    const go = await startTypedClient({ kubeconfig: lab.kubeconfig({ token }), namespace });
    t.teardown(() => go.stop());
    const made = await go.send({ do: 'create', name: 'online', data: { a: '1' } });
    t.is(made.Sent, protobuf, JSON.stringify(made));
    const updated = await go.send({ do: 'update', name: 'online', data: { a: '2' } });
    t.is(updated.Object?.data.a, '2', JSON.stringify(updated));
    await client().expect('PATCH', `${maps}/online`, { data: { b: '1' } });
    await go.send({ do: 'list' });
    await client().expect('GET', maps);
    await lab.followed('v1/configmaps', { namespace });
    await lab.cut();

    const offline = await go.send({ do: 'create', name: 'offline', data: { b: 'ü' } });
    t.like(offline, { Sent: protobuf, Source: 'outbox' }, JSON.stringify(offline));
    t.is(offline.Object?.binaryData.bytes, 'AP+ABw==');
    const read = await client().request('GET', `${maps}/offline`);
    t.like(read.body, { kind: 'ConfigMap', apiVersion: 'v1', data: { b: 'ü' }, binaryData: { bytes: 'AP+ABw==' } });
    t.deepEqual(withoutTypes(read.body), withoutTypes(offline.Object));
    t.deepEqual(withoutTypes((await go.send({ do: 'get', name: 'offline' })).Object), withoutTypes(offline.Object));

    const changed = await go.send({ do: 'update', name: 'online', data: { a: '3' } });
    t.is(changed.Object?.data.a, '3', JSON.stringify(changed));
    t.deepEqual((await client().expect('GET', `${maps}/online`)).data, { a: '3' });
    const fromJson = await client().expect('PATCH', `${maps}/online`, { data: { json: 'too' } });
    t.deepEqual((await go.send({ do: 'get', name: 'online' })).Object.data, { a: '3', json: 'too' });
    const version = fromJson.metadata.resourceVersion;
    t.like(await go.send({ do: 'update', name: 'online', data: {}, resourceVersion: '1' }), {
      Status: { code: 409, reason: 'Conflict' },
    });
    t.is(
      (await go.send({ do: 'update', name: 'online', data: { a: '4' }, resourceVersion: version })).Object?.data.a,
      '4',
    );
    t.like(await go.send({ do: 'create', name: 'offline', data: {} }), {
      Status: { code: 409, reason: 'AlreadyExists' },
    });
    t.deepEqual(
      (await go.send({ do: 'list' })).Object.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ['offline', 'online'],
    );
    await lab.heal();
    await eventually('the cloud has both', async () => {
      const online = (await plane.admin.request('GET', `${maps}/online`)).body;
      const { body } = await plane.admin.request('GET', `${maps}/offline`);
      return online.data?.a === '4' && body.data?.b === 'ü' && body.binaryData?.bytes === 'AP+ABw==';
    });
  }, keepConfigMaps);
});

/** Go leaves out what a typed object is known by. */
function withoutTypes({ kind: _kind, apiVersion: _version, ...object }: Record<string, unknown>): unknown {
  return object;
}

test('case 42: server-side apply and dry run are 503 and change nothing; CBOR is 415, as by the apiserver', async (t) => {
  await labs.withLab(async (stage) => {
    const { lab, plane, namespace } = stage;
    const client = await writerOf(stage, 'web');
    const maps = mapsOf(namespace);
    const before = await client().expect('GET', `${maps}/web`);
    await lab.cut();
    const body = Buffer.from(JSON.stringify(configMap('web', { a: 'changed' })));
    const send = (method: string, path: string, type: string) =>
      client().request(method, path, body, { headers: { 'content-type': type } });
    for (const [answer, why] of [
      [await send('PATCH', `${maps}/web?fieldManager=me`, 'application/apply-patch+yaml'), /server-side apply/],
      [
        await send('PATCH', `${maps}/new?fieldManager=me&force=true`, 'application/apply-patch+yaml'),
        /server-side apply/,
      ],
      [await send('POST', `${maps}?dryRun=All`, 'application/json'), /dry run/],
      [await send('PUT', `${maps}/web?dryRun=All`, 'application/json'), /dry run/],
      [await send('PATCH', `${maps}/web?dryRun=All`, 'application/merge-patch+json'), /dry run/],
      [await client().request('DELETE', `${maps}/web?dryRun=All`), /dry run/],
      [
        await client().request('DELETE', `${maps}/web`, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] }),
        /dry run/,
      ],
    ] as const) {
      t.like(answer.body, { kind: 'Status', code: 503, reason: 'ServiceUnavailable' });
      t.regex(answer.body.message, why);
      t.is(answer.headers['retry-after'], undefined);
    }
    const direct = (method: string, path: string, type: string) =>
      plane.admin.request(method, path, body, { headers: { 'content-type': type } });
    for (const [method, path, type] of [
      ['POST', maps, 'application/cbor'],
      ['PUT', `${maps}/web`, 'application/cbor'],
      ['PATCH', `${maps}/web`, 'application/apply-patch+cbor'],
      ['PATCH', `${maps}/web`, 'application/json'],
      ['POST', maps, 'text/plain'],
    ] as const) {
      const edge = await send(method, path, type);
      t.is(edge.status, 415, `${method} ${type}: ${edge.raw}`);
      const { code, reason } = (await direct(method, path, type)).body;
      t.like(edge.body, { kind: 'Status', code, reason }, `${method} ${type}`);
    }
    const yaml = await send('POST', maps, 'application/yaml');
    t.like(yaml.body, { code: 503 }, 'which the cloud would read');
    t.regex(yaml.body.message, /YAML/);
    t.deepEqual(await client().expect('GET', `${maps}/web`), before);
    await lab.heal();
    t.deepEqual(comparable((await plane.admin.request('GET', `${maps}/web`)).body), comparable(before));
  }, keepConfigMaps);
});

test('case 50: a Lease by which a controller is elected is never renewed offline', async (t) => {
  await labs.withLab(async (stage) => {
    const { lab, namespace } = stage;
    const token = await lab.account(namespace, 'controller', all);
    const controller = () => lab.as(token);
    const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
    const now = () => new Date().toISOString().replace('Z', '000Z');
    const spec = () => ({
      holderIdentity: 'controller-1',
      leaseDurationSeconds: 15,
      acquireTime: now(),
      renewTime: now(),
      leaseTransitions: 1,
    });
    const lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'controller' },
      spec: spec(),
    };
    const made = await controller().expect('POST', leases, lease);
    const renewed = await controller().expect('PUT', `${leases}/controller`, { ...made, spec: spec() });
    await controller().expect('GET', leases);
    await lab.followed('coordination.k8s.io/v1/leases', { namespace });
    await lab.cut();
    t.deepEqual((await controller().expect('GET', `${leases}/controller`)).spec, renewed.spec);
    const started = performance.now();
    for (const answer of [
      await controller().request('PUT', `${leases}/controller`, { ...renewed, spec: spec() }),
      await controller().request('PATCH', `${leases}/controller`, { spec: { renewTime: now() } }),
      await controller().request('POST', leases, { ...lease, metadata: { name: 'another' } }),
      await controller().request('DELETE', `${leases}/controller`),
    ]) {
      t.like(answer.body, { kind: 'Status', code: 503, reason: 'ServiceUnavailable' });
      t.regex(answer.body.message, /two holders at once/);
      t.regex(answer.body.message, /No setting changes that/);
      t.is(answer.headers['retry-after'], undefined);
    }
    t.true(performance.now() - started < 800, 'four answers, each at once');
    t.deepEqual(
      (await controller().expect('GET', `${leases}/controller`)).spec,
      renewed.spec,
      'it shows what the cloud said last',
    );
  });
});

test('case 51: an object that leaves a selector is DELETED for its watcher, and ADDED where it comes in', async (t) => {
  await labs.withLab(
    async (stage) => {
      const { lab, kubelet, namespace } = stage;
      const client = await writerOf(stage, 'web');
      const maps = mapsOf(namespace);
      const pods = `/api/v1/namespaces/${namespace}/pods`;
      await client().expect('PATCH', `${maps}/web`, { metadata: { labels: { tier: 'front' } } });
      await client().expect('PATCH', `${pods}/web`, { metadata: { labels: { checked: 'yes' } } });
      await client().expect('GET', pods);
      await lab.followed('v1/pods', { namespace });
      const watch = async (collection: string, query: string) => {
        const { metadata } = await client().expect('GET', `${collection}?${query}`);
        const path = `${collection}?watch=true&resourceVersion=${metadata.resourceVersion}&${query}`;
        const one = followWatch(client(), path);
        t.teardown(() => one.stop());
        return one;
      };
      await eventually('the change has come through', async () => {
        const { items } = await client().expect('GET', `${maps}?labelSelector=tier%3Dfront&resourceVersion=0`);
        return items.length === 1;
      });
      await lab.cut();
      const front = await watch(maps, 'labelSelector=tier%3Dfront');
      const back = await watch(maps, 'labelSelector=tier+notin+(front)');
      const none = await watch(maps, 'labelSelector=%21tier');
      const changed = await client().expect('PATCH', `${maps}/web`, { metadata: { labels: { tier: 'back' } } });
      const gone = await front.waitFor('its end there', ({ type }) => type === 'DELETED');
      t.is(gone.object.metadata.resourceVersion, changed.metadata.resourceVersion);
      const come = await back.waitFor('its beginning there', ({ type }) => type === 'ADDED');
      t.deepEqual(come.object, changed);
      const bare = await client().expect('PATCH', `${maps}/web`, { metadata: { labels: { tier: null } } });
      t.deepEqual((await none.waitFor('without the label', ({ type }) => type === 'ADDED')).object, bare);
      await back.waitFor('changed, and still in', ({ type }) => type === 'MODIFIED');
      await client().expect('PATCH', `${maps}/web`, { metadata: { labels: { tier: 'front' } } });
      await front.waitFor('back again', ({ type }) => type === 'ADDED');
      await none.waitFor('out again', ({ type }) => type === 'DELETED');
      await back.waitFor('out again', ({ type }) => type === 'DELETED');
      t.deepEqual(types(front), ['DELETED', 'ADDED']);
      t.deepEqual(types(back), ['ADDED', 'MODIFIED', 'DELETED']);
      t.deepEqual(types(none), ['ADDED', 'DELETED']);

      // The same by a field, for what kubelet reports.
      const running = await watch(pods, 'fieldSelector=status.phase%3DRunning');
      const pending = await watch(pods, 'fieldSelector=status.phase%3DPending');
      const relabelled = await watch(pods, 'labelSelector=app%3Dweb');
      const { uid } = (await client().expect('GET', `${pods}/web`)).metadata;
      t.is((await kubelet.reportPod({ namespace, name: 'web', uid }, { phase: 'Running' })).status, 200);
      await running.waitFor('it runs', ({ type }) => type === 'ADDED');
      await pending.waitFor('it is pending no more', ({ type }) => type === 'DELETED');
      const moved = await client().request('PATCH', `${pods}/web`, { metadata: { labels: { app: 'api' } } });
      t.is(moved.status, 200, moved.raw.toString());
      await relabelled.waitFor('out of the Service', ({ type }) => type === 'DELETED');
      t.deepEqual(types(relabelled), ['MODIFIED', 'DELETED']);
      t.deepEqual(types(running), ['ADDED', 'MODIFIED']);
    },
    {
      hubArguments: ['--offline-writes', 'configmaps', '--offline-writes', 'pods'],
      prepare: ({ plane, namespace }) =>
        plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('web', namespace)),
    },
  );
});

function types(watch: FollowedWatch): readonly string[] {
  return watch.events.map(({ type }) => type).filter((type) => type !== 'BOOKMARK');
}
