import test from 'ava';
import { GroupCommit } from '../../storage/group-commit.ts';

test('who comes while a batch is on its way joins the next one', async (t) => {
  const batches: (readonly number[])[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const group = new GroupCommit<number>((items) => {
    batches.push(items);
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  });
  const early = [group.add(1), group.add(2)];
  await undefined;
  await undefined;
  const late = [3, 4, 5].map((item) => group.add(item));
  t.deepEqual(batches, [[1, 2]]);
  gates[0]!.resolve();
  await Promise.all(early);
  t.deepEqual(batches, [
    [1, 2],
    [3, 4, 5],
  ]);
  gates[1]!.resolve();
  await Promise.all(late);
  await group.idle();
});

test('a failed batch fails those it carried and nobody else', async (t) => {
  const group = new GroupCommit<string>(async (items) => {
    if (items.includes('bad')) throw new Error('no');
  });
  const one = group.add('bad');
  await t.throwsAsync(one, { message: 'no' });
  await t.notThrowsAsync(group.add('good'));
});

test('waiting for idle waits for those who came later too', async (t) => {
  const done: number[] = [];
  const group = new GroupCommit<number>(async (items) => {
    await new Promise((resolve) => setImmediate(resolve));
    done.push(...items);
  });
  const first = group.add(1).then(() => group.add(2));
  await group.add(3);
  await group.idle();
  await first;
  await group.idle();
  t.deepEqual(done, [1, 3, 2]);
});
