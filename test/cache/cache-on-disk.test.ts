// The cache over the storage that it runs with, in a directory of its own.
import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { openRecords, type Records } from '../../storage/records.ts';
import { temporaryDirectory } from '../storage/temporary-directory.ts';
import { CacheStage, openCache } from '../support/cache-stage.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ManualTiming } from '../support/manual-timing.ts';
import { ModelCloud } from '../support/model-cloud.ts';
import { podScope } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const all = podScope();
const labelled = podScope({ labels: 'app in (x,y),!z', namespace: 'default' });

function open(directory: string, complaints: string[]): Promise<Records> {
  return openRecords({
    directory,
    key: Buffer.alloc(32, 7),
    clock: new ManualClock(),
    onDamage: ({ reason }) => complaints.push(reason),
    onHealth: ({ state }) => complaints.push(state),
  });
}

test('what was known before a restart is known after it, on a real disk', async (t) => {
  const directory = temporaryDirectory(t);
  const complaints: string[] = [];
  const log: string[] = [];
  const cloud = new ModelCloud();
  for (const name of ['a', 'b', 'c']) cloud.put(name, { app: 'x' });

  const records = await open(directory, complaints);
  const before = await openCache({ cloud, records, timing: new ManualTiming(), log });
  const scopes = [all, labelled].map((scope) => before.open(scope, 'node', nodeCredential));
  while (!scopes.every(({ isFollowing }) => isFollowing)) await settled();
  cloud.put('a', { app: 'y' });
  cloud.delete('b');
  while (!scopes.every(({ resourceVersion }) => resourceVersion === '105')) await settled();
  before.rights.see('sa:pod', labelled);
  before.objects.see('/api/v1/namespaces/a/secrets/s', 'sa:pod', Buffer.from('{"kind":"Secret"}'));
  before.scopes.stopAll();
  await before.flush();
  await records.close();

  const again = await open(directory, complaints);
  cloud.isReachable = false;
  const after = await openCache({ cloud, records: again, timing: new ManualTiming(), log });
  for (const scope of [all, labelled]) {
    t.deepEqual(CacheStage.told(after.scopes.answering(scope)), ['default/a@104', 'default/c@103'], scope.id);
  }
  t.true(after.rights.has('sa:pod', labelled));
  t.is(after.objects.shownTo('/api/v1/namespaces/a/secrets/s', 'sa:pod')?.body.toString(), '{"kind":"Secret"}');
  t.deepEqual(complaints, []);
  t.deepEqual(log, [`opened ${all.id}`, `opened ${labelled.id}`]);
  after.scopes.stopAll();
  await after.flush();
  await again.close();
});
