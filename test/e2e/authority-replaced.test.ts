// The cluster's CA is replaced as a whole while the node is away: nothing that the node trusts or shows is worth anything when it
// comes back. Expected: it goes on as if the link were down, loses nothing, says what to do, and does not have to be started
// anew for it. In between nobody is trusted who was not.
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type BootstrapCluster, startBootstrapCluster } from './bootstrap-cluster.ts';
import { createCertificateAuthority } from './certificate-authority.ts';
import { eventually } from './eventually.ts';
import type { Hub } from './hub.ts';
import { startJoinedHub } from './joined-hub.ts';
import { type JoiningMachine, joiningMachine, pinOf, tokenWords } from './joining-machine.ts';

let cluster: BootstrapCluster;
test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  cluster = await startBootstrapCluster();
});
test.after.always(() => cluster?.plane.stop());

interface Node {
  readonly machine: JoiningMachine;
  readonly hub: Hub;
  readonly name: string;
}

/** A node that is online and has read its Node and a ConfigMap. */
async function nodeInUse(t: ExecutionContext, name: string): Promise<Node> {
  const machine = await joiningMachine(t);
  const { plane } = cluster;
  const joined = await machine.joinByToken(cluster, await cluster.createToken(), '--node-name', name);
  t.is(joined.code, 0, joined.said);
  await plane.admin.expect('POST', '/api/v1/nodes', { metadata: { name } });
  const hub = await startJoinedHub(machine.dataDir, ['--offline-writes', 'configmaps']);
  t.teardown(() => hub.kill9());
  const node = { machine, hub, name };
  await eventually('the node is known', async () => (await asKubelet(node)).status === 200);
  return node;
}

const asKubelet = ({ machine, hub, name }: Node) =>
  hub.client(machine.kubelet).request('GET', `/api/v1/nodes/${name}?resourceVersion=0`);

const statusOf = async ({ hub }: Node) => (await hub.admin.request('GET', '/status')).body;

/** While the nodes cannot reach it, everything that was issued in the cluster is issued by another authority. */
async function replaceAuthority(next = createCertificateAuthority('kubernetes')): Promise<void> {
  const { plane } = cluster;
  await plane.stopApiserver();
  plane.pki.replaceAuthority(next);
  await plane.startApiserver();
  await plane.restartControllerManager();
  await cluster.publishAuthorities(readFileSync(plane.caFile, 'utf8'));
}

async function saysWhatToDo(t: ExecutionContext, node: Node): Promise<void> {
  const { hub } = node;
  await eventually('it says why', async () => (await statusOf(node)).link.reason.includes('certificate-not-trusted'));
  const { link, warnings } = await statusOf(node);
  t.is(link.state, 'offline');
  t.regex(warnings.join('\n'), /CA was replaced while this node was away.*cloud\/ca\.crt.*join --replace-identity/);
  const lines = () => hub.log.filter((line) => line.includes('connectivity.advice'));
  await eventually('the log has it', async () => lines().length > 0);
  t.is(lines().length, 1, 'once');
  const { findings } = (await hub.admin.request('GET', '/doctor')).body;
  const finding = findings.find(({ check }: { check: string }) => check === 'link');
  t.is(finding?.level, 'problem');
  t.regex(finding?.advice, /cloud\/ca\.crt/);
}

test.serial(
  'a CA that was replaced while the node was away is said with what to do; the node goes on, and comes back by either way',
  async (t) => {
    const byFile = await nodeInUse(t, 'edge-file');
    const byJoin = await nodeInUse(t, 'edge-join');
    const before = readFileSync(byFile.machine.current);
    await replaceAuthority();
    for (const node of [byFile, byJoin]) {
      await saysWhatToDo(t, node);
      const known = await asKubelet(node);
      t.is(known.status, 200);
      t.is(known.headers['x-holdfast-source'], 'cache');
      const body = { status: { conditions: [{ type: 'Ready', status: 'True' }] } };
      const patched = await node.hub
        .client(node.machine.kubelet)
        .request('PATCH', `/api/v1/nodes/${node.name}/status`, body);
      t.is(patched.status, 200, 'writes are kept');
    }
    t.deepEqual(readFileSync(byFile.machine.current), before, 'nothing of it is thrown away');

    const { plane } = cluster;
    writeFileSync(join(byFile.machine.dataDir, 'cloud', 'ca.crt'), readFileSync(plane.caFile));
    const rejoined = await byJoin.machine.run([
      ...tokenWords(byJoin.machine, cluster, await cluster.createToken()),
      ...['--ca-hash', pinOf(cluster), '--node-name', 'edge-join', '--replace-identity'],
    ]);
    t.is(rejoined.code, 0, rejoined.said);
    for (const node of [byFile, byJoin]) {
      await eventually('the link is up', async () => (await statusOf(node)).link.state === 'online', {
        timeoutMs: 60_000,
      });
      await eventually('what was written meanwhile is in the cloud', async () => {
        const { status } = await plane.admin.expect('GET', `/api/v1/nodes/${node.name}`);
        return status.conditions?.some(
          (one: { type: string; status: string }) => one.type === 'Ready' && one.status === 'True',
        );
      });
      t.notRegex((await statusOf(node)).warnings.join('\n'), /CA was replaced|could not be renewed/);
    }
    t.false(
      readFileSync(byFile.machine.current).equals(before),
      'the old certificate was refused, and another asked for',
    );
  },
);

test.serial(
  'a CA that was published before it took over is followed by itself, also while the node is away for the change',
  async (t) => {
    const node = await nodeInUse(t, 'edge-told');
    const { plane } = cluster;
    const [old, next] = [plane.pki.authority, createCertificateAuthority('kubernetes')];
    await cluster.publishAuthorities(`${old.certificate}\n${next.certificate}`);
    await node.hub.kill9(); // it looks when it comes online, and every hour
    const hub = await startJoinedHub(node.machine.dataDir);
    t.teardown(() => hub.kill9());
    await hub.waitForLog('it was followed', (line) => line.includes('authority.followed'), 15_000);
    await replaceAuthority(next);
    const again = { ...node, hub };
    await eventually('the link is up', async () => (await statusOf(again)).link.state === 'online', {
      timeoutMs: 60_000,
    });
    await eventually('the new authority has issued the certificate', () =>
      new X509Certificate(readFileSync(node.machine.current)).checkIssued(new X509Certificate(next.certificate)),
    );
    t.is((await asKubelet(again)).status, 200);
    t.false(
      hub.log.some((line) => line.includes('certificate-not-trusted')),
      'it was trusted all the time',
    );
  },
);
