import test from 'ava';
import { targetPath } from '../../../src/cache/outbox/entry.ts';
import { OwnWrites } from '../../../src/cache/outbox/own-writes.ts';
import { ShownSpans } from '../../../src/cache/outbox/shown-spans.ts';
import { Versions } from '../../../src/cache/versions.ts';
import { Stage } from '../../support/followed-scope-stage.ts';
import { MemoryRecords } from '../../support/memory-records.ts';
import { writeOf } from '../../support/outbox-entries.ts';
import { byKey, pod, podList, pods, podText } from '../../support/sample-objects.ts';

test('a write is shown although the cloud has given its version to another state meanwhile', async (t) => {
  const { followed } = new Stage();
  const objects = byKey([pod({ name: 'a', uid: 'a', version: 12 })]);
  followed.restore({ listType: podList, resourceVersion: '12', floor: '12', objects }, 0);
  const records = new MemoryRecords();
  const own = new OwnWrites({
    versions: new Versions({ records, newestKnown: () => '12' }),
    scopesOf: () => [followed],
    spans: new ShownSpans({ records }),
  });
  const write = writeOf({ name: 'a' });
  const target = { ...write.target, gvr: pods, namespace: 'default' };
  const after = JSON.parse(podText({ name: 'a', uid: 'a', version: 12, labels: { own: 'yes' } }));
  await own.show({ ...write, target, after, resourceVersion: '12' });
  t.is(followed.snapshot.get('default/a')?.labels.own, 'yes');
  t.is(followed.snapshot.get('default/a')?.resourceVersion, '13');
  t.is(followed.snapshot.inCloud('default/a')?.resourceVersion, '12');
});

test('a write that the cloud has before every scope shows it is shown as the cloud has it', async (t) => {
  const { followed } = new Stage();
  const known = pod({ name: 'a', uid: 'a', version: 12 });
  followed.restore({ listType: podList, resourceVersion: '12', floor: '12', objects: byKey([known]) }, 0);
  const records = new MemoryRecords();
  const own = new OwnWrites({
    versions: new Versions({ records, newestKnown: () => '12' }),
    scopesOf: () => [followed],
    spans: new ShownSpans({ records }),
  });
  const write = writeOf({ name: 'a' });
  const target = { ...write.target, gvr: pods, namespace: 'default' };
  const after = JSON.parse(podText({ name: 'a', uid: 'a', version: 13, labels: { own: 'yes' } }));
  const shown = own.show({ ...write, target, after, resourceVersion: '13' });
  await own.end(targetPath(target), '13');
  t.true(await shown);
  t.is(own.get(targetPath(target)), undefined);
});
