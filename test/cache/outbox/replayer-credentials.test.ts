// In whose name what is owed is brought.
import test from 'ava';
import { madeMap } from '../../support/outbox-entries.ts';
import { maps } from '../../support/owed-writes-stage.ts';
import { answer, ReplayStage } from '../../support/replay-stage.ts';

test('a writer whose token has ended is brought with a newer one of the same identity, never with another’s', async (t) => {
  const stage = await ReplayStage.open({
    writes: [
      madeMap('mine', { identity: 'sa:a', token: 'old' }),
      madeMap('theirs', { identity: 'sa:b', token: 'stale' }),
    ],
  });
  const good = new Set(['new']);
  stage.meddle = async ({ credential }) =>
    credential.kind === 'bearer' && good.has(credential.token) ? undefined : answer(401, { message: 'Unauthorized' });
  stage.tokens.see('sa:a', 'new');
  await stage.heal();
  await stage.timing.pass(1);
  t.deepEqual(stage.requests.toSorted(), [
    'POST configmaps as new',
    'POST configmaps as old',
    'POST configmaps as stale',
  ]);
  t.true(stage.isGateOpen);
  t.deepEqual(
    stage.outbox.pending.map(({ target }) => target.name),
    ['theirs'],
  );

  await stage.timing.pass(300_000);
  t.is(stage.sent.length, 3, 'a token that is refused is not tried again and again');
  good.add('fresh');
  stage.tokens.see('sa:b', 'fresh');
  stage.replayer.tokenSeen('sa:b');
  await stage.timing.pass(1);
  t.deepEqual(stage.outbox.entries, []);
  t.is(stage.requests.at(-1), 'POST configmaps as fresh');
  stage.stop();
});

test('a token that is awaited in vain parks the write ten minutes after the link came back', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a', { identity: 'sa:a', token: 'old' })] });
  stage.meddle = async () => answer(401, { message: 'Unauthorized' });
  await stage.heal();
  await stage.timing.pass(9 * 60_000);
  t.deepEqual(stage.parked, []);
  await stage.timing.pass(2 * 60_000);
  t.is(stage.parked[0]?.parked?.code, 401);
  t.true(stage.requests.every((line) => line.endsWith('as old')));
  stage.stop();
});

test('what an account wrote that was deleted and made anew since is parked at once, and never sent as the new one', async (t) => {
  const [old, anew] = ['sa:default:writer:0123:uid-1', 'sa:default:writer:0123:uid-2'];
  const stage = await ReplayStage.open({
    writes: [
      madeMap('a', { identity: old, token: 'of-the-old' }),
      madeMap('b', { identity: anew, token: 'of-the-new' }),
    ],
  });
  stage.meddle = async ({ credential }) =>
    credential.kind === 'bearer' && credential.token === 'of-the-new' ? undefined : answer(401, {}, {});
  await stage.heal();
  await stage.timing.pass(1000);
  t.deepEqual(stage.parked, [], 'it may come with another token');
  stage.tokens.see(anew, 'of-the-new');
  stage.replayer.tokenSeen(anew);
  await stage.timing.pass(1000);
  t.regex(
    stage.parked[0]?.parked?.reason ?? '',
    /system:serviceaccount:default:writer was deleted and made anew since/,
  );
  t.deepEqual([...stage.cloud.objects.keys()], [`${maps}/b`]);
  t.is(stage.requests.filter((line) => line.endsWith('as of-the-new')).length, 1, 'its own write');
  stage.stop();
});

test('a node whose own credential is refused tries it again, for it may be read anew', async (t) => {
  const stage = await ReplayStage.open({ writes: [madeMap('a')] });
  stage.meddle = async () => answer(401);
  await stage.heal();
  await stage.timing.pass(60_000);
  t.deepEqual(stage.parked, []);
  stage.meddle = async () => undefined;
  await stage.timing.pass(60_000);
  t.is(stage.cloud.objects.size, 1);
  stage.stop();
});
