// Two machines under one name, as clones of one disk are: the other one writes its Node past this hub.
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { eventually, startRunningHub } from '../../support/running-hub.ts';

const node = '/api/v1/nodes/edge-1';

test('another machine that writes this Node is in status and doctor, and nothing is done about it', async (t) => {
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'edge-1' } });
  const patch = {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
  };
  const watch = await hub.watch('/api/v1/nodes?watch=true&resourceVersion=0&fieldSelector=metadata.name%3Dedge-1');
  t.teardown(() => watch.leave());
  const write = async (id: string): Promise<void> => {
    const from = watch.events.length;
    const answer = await hub.ask(`${node}/status`, { ...patch, body: { status: { nodeInfo: { bootID: id } } } });
    t.is(answer.status, 200);
    await watch.until(({ object }) => object.status?.nodeInfo?.bootID === id, from);
  };
  const warned = async (): Promise<boolean> =>
    (await hub.status()).json.warnings.some((one: string) =>
      one.includes('Another machine lives under the name edge-1'),
    );
  for (const id of ['before', bootId, 'clone', bootId]) await write(id);
  t.false(await warned(), 'once may be the Node as it was');
  await write('clone');
  await eventually(warned);
  const doctor = await fetch(`${hub.adminUrl}/doctor`);
  const { findings } = (await doctor.json()) as { findings: readonly { check: string; level: string }[] };
  t.deepEqual(findings.find(({ check }) => check === 'shared-name')?.level, 'problem');
  t.is((await hub.inCloud('GET', node)).json.status.nodeInfo.bootID, 'clone', 'nobody has written it back');
});
