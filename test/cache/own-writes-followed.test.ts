// A followed scope while writes of this node are shown: its stream, its readings, and what the cloud answers to the writes.
import test from 'ava';
import { podCredential, Stage } from '../support/followed-scope-stage.ts';
import { pod, podText } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const text = (name: string, version: number, uid?: string) =>
  podText({ name, version, ...(uid !== undefined && { uid }) });
const modified = (name: string, version: number) => ({ type: 'MODIFIED' as const, text: text(name, version) });

/** Shows `a` as written here, under this version. */
async function write({ followed, own }: Stage, version: number): Promise<void> {
  const object = pod({ name: 'a', version, labels: { own: 'yes' } });
  own.set('default/a', object);
  await followed.content.showOwnWrite((snapshot) => ({
    type: 'MODIFIED',
    object,
    previous: snapshot.get('default/a'),
  }));
}

const shown = ({ followed }: Stage): readonly string[] =>
  followed.snapshot.sorted().map(({ name, resourceVersion }) => `${name}@${resourceVersion}`);

test('while a write of this node is owed the stream goes on, and the disk gets the cloud’s word of that object, too', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [text('a', 5), text('b', 6)]);
  await write(stage, 11);
  stream.event(modified('a', 20), modified('b', 21));
  await stage.reached(21);
  t.deepEqual(shown(stage), ['a@11', 'b@21']);
  t.deepEqual(stage.keeper.log, ['sync 10', 'changes 21']);
  t.deepEqual(stage.transport.titles.slice(2), [], 'nothing was read anew');
  t.is(stage.followed.snapshot.inCloud('default/a')?.resourceVersion, '20');
});

test('a change that the cloud made at a version which was passed here is read anew, once', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [text('a', 5), text('b', 6)]);
  await write(stage, 15);
  stream.event(modified('b', 12));
  t.is(await stage.timing.wake(), 500);
  (await stage.transport.next()).list(30, [text('a', 5), text('b', 12)]);
  const again = await stage.transport.next();
  t.is(again.title, 'WATCH /api/v1/pods from 30');
  t.deepEqual(shown(stage), ['a@15', 'b@12']);
  await settled();
  t.deepEqual(stage.transport.unseen, []);
});

test('the event that overtakes the answer to a write waits for it, and then is told as any other', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [text('a', 5)]);
  await write(stage, 11);
  const answered = Promise.withResolvers<void>();
  stage.answer = answered.promise;
  stream.event(modified('a', 20));
  await settled();
  t.is(stage.followed.cloudVersion, '10');
  stage.own.delete('default/a');
  stage.followed.content.endOwnWrite('default/a', '20');
  stage.answer = undefined;
  answered.resolve();
  await stage.reached(20);
  t.deepEqual(shown(stage), ['a@20']);
  t.deepEqual(stage.transport.unseen, []);
});

test('a reading that began before the cloud had a write of this node does not take it away again', async (t) => {
  const stage = new Stage();
  await stage.following(10, [text('a', 5)]);
  await write(stage, 11);
  const reading = stage.followed.requestSync();
  const stale = await stage.transport.next();
  stage.own.delete('default/a');
  stage.followed.content.endOwnWrite('default/a', '21');
  stale.list(20, [text('a', 5)]);
  const fresh = await stage.transport.next();
  t.deepEqual(shown(stage), ['a@11'], 'as written until the cloud’s answer is read');
  fresh.list(22, [text('a', 21)]);
  await reading;
  t.deepEqual(shown(stage), ['a@21']);
});

test('what was refused is shown as the cloud has it at once; those who watch list anew as soon as that can be told', async (t) => {
  const stage = new Stage();
  await stage.following(10, [text('a', 5)]);
  await write(stage, 11);
  const heard: string[] = [];
  stage.followed.listeners.add({ changed: () => heard.push('changed'), expired: () => heard.push('expired') });
  stage.own.delete('default/a');
  await stage.followed.content.giveUpOwnWrite('default/a', (snapshot) => [
    { type: 'MODIFIED', object: pod({ name: 'a', version: 12 }), previous: snapshot.get('default/a') },
  ]);
  t.deepEqual(shown(stage), ['a@12']);
  t.deepEqual(heard, ['changed']);
  t.is(await stage.timing.wake(), 2000);
  await stage.timing.wake();
  (await stage.transport.next()).list(20, [text('a', 5)]);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 20');
  t.deepEqual(shown(stage), ['a@5'], 'under the version that the cloud gave it');
  t.true(heard.includes('expired'));
});

test('a cloud whose versions are behind those given out here is waited for, unless it has nothing new to tell', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [text('a', 5), text('b', 6)]);
  await write(stage, 15);
  stream.end();
  await stage.timing.wake();
  (await stage.transport.next()).list(12, [text('a', 5), text('b', 6)]);
  const watch = await stage.transport.next();
  t.is(watch.title, 'WATCH /api/v1/pods from 12', 'nothing new: it is followed from there');
  t.is(stage.followed.resourceVersion, '15');
  watch.stream().event(modified('b', 14));
  t.is(await stage.timing.wake(), 500);
  (await stage.transport.next()).list(14, [text('a', 5), text('b', 14)]);
  t.is(await stage.timing.wake(), 500);
  t.deepEqual(shown(stage), ['a@15', 'b@6'], 'what cannot be told yet is not shown');
  (await stage.transport.next()).list(20, [text('a', 5), text('b', 14)]);
  await stage.reached(20);
  t.deepEqual(shown(stage), ['a@15', 'b@14']);
});

test('a cloud that stays behind is waited for five seconds; then those who watch list anew, and nothing was forgotten', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [text('a', 5), text('b', 6)]);
  await write(stage, 15);
  stage.own.delete('default/a');
  stage.followed.content.endOwnWrite('default/a', '12');
  const heard: string[] = [];
  stage.followed.listeners.add({
    changed: () => heard.push('changed'),
    expired: () => heard.push(`expired, with ${shown(stage)}`),
  });
  stream.end();
  await stage.timing.wake();
  const behind = [text('a', 12), text('b', 13)];
  for (let waitedMs = 0; waitedMs < 5000; waitedMs += 500) {
    (await stage.transport.next()).list(13, behind);
    t.is(await stage.timing.wake(), 500);
    t.deepEqual(shown(stage), ['a@15', 'b@6']);
    t.deepEqual(heard, []);
  }
  (await stage.transport.next()).list(13, behind);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 13');
  t.deepEqual(shown(stage), ['a@12', 'b@13']);
  t.true(heard.includes('expired, with a@12,b@13'));
  t.false(stage.keeper.log.includes('removed'), 'the disk has it all the time');
  t.is(stage.keeper.log.at(-1), 'sync 13');
  t.is(stage.followed.resourceVersion, '13');
});

test('a write that ends while a scope is read for the first time is not shown by it for ever', async (t) => {
  for (const how of ['applied', 'given up']) {
    const stage = new Stage();
    const { followed } = stage;
    stage.own.set('default/a', pod({ name: 'a', version: 11, labels: { own: 'yes' } }));
    followed.lend('node', podCredential);
    const reading = followed.requestSync();
    const first = await stage.transport.next();
    stage.keeper.hold();
    first.list(20, [text('a', 15)]);
    await settled();
    stage.own.delete('default/a');
    if (how === 'applied') followed.content.endOwnWrite('default/a', '15');
    else await Promise.race([followed.content.giveUpOwnWrite('default/a', () => undefined), settled()]);
    stage.keeper.release();
    (await stage.transport.next()).list(20, [text('a', 15)]);
    await reading;
    t.deepEqual(shown(stage), ['a@15'], how);
  }
});
