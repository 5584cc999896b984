import test from 'ava';
import { targetPath } from '../../../src/cache/outbox/entry.ts';
import { writeOf } from '../../support/outbox-entries.ts';
import { ownWritesLife } from '../../support/own-writes-life.ts';
import { pods, podText } from '../../support/sample-objects.ts';

test('a write is shown although the cloud has given its version to another state meanwhile', async (t) => {
  const { followed, own } = ownWritesLife({ resourceVersion: '12', uid: 'a' });
  const write = writeOf({ name: 'a' });
  const target = { ...write.target, gvr: pods, namespace: 'default' };
  const after = JSON.parse(podText({ name: 'a', uid: 'a', version: 12, labels: { own: 'yes' } }));
  await own.show({ ...write, target, after, resourceVersion: '12' });
  t.is(followed.snapshot.get('default/a')?.labels.own, 'yes');
  t.is(followed.snapshot.get('default/a')?.resourceVersion, '13');
  t.is(followed.snapshot.inCloud('default/a')?.resourceVersion, '12');
});

test('a write that the cloud has before every scope shows it is shown as the cloud has it', async (t) => {
  const { own } = ownWritesLife({ resourceVersion: '12', uid: 'a' });
  const write = writeOf({ name: 'a' });
  const target = { ...write.target, gvr: pods, namespace: 'default' };
  const after = JSON.parse(podText({ name: 'a', uid: 'a', version: 13, labels: { own: 'yes' } }));
  const shown = own.show({ ...write, target, after, resourceVersion: '13' });
  await own.end(targetPath(target), '13');
  t.true(await shown);
  t.is(own.get(targetPath(target)), undefined);
});
