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
  const write = async (id: string): Promise<void> => {
    const body = { status: { nodeInfo: { bootID: id } } };
    const raw = { ...patch, body };
    t.is((await hub.ask(`${node}/status`, raw)).status, 200);
    await eventually(async () => (await hub.ask(`${node}?resourceVersion=0`)).json.status?.nodeInfo?.bootID === id);
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
