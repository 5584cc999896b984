import test from 'ava';
import { OrderedTurns } from '../../../src/cache/outbox/ordered-turns.ts';

test('an ordered step waits for all that began before, also for those that fail', async (t) => {
  const turns = new OrderedTurns();
  const log: string[] = [];
  const gates = [0, 1, 2].map(() => Promise.withResolvers<void>());
  const run = (index: number): Promise<void> =>
    turns.run(async (lower) => {
      log.push(`begin ${index}`);
      await gates[index]!.promise;
      await lower;
      log.push(`step ${index}`);
    });
  const all = [0, 1, 2].map(run);
  gates[2]!.resolve();
  gates[1]!.reject(new Error('the disk is full'));
  await t.throwsAsync(all[1]!, { message: 'the disk is full' });
  t.deepEqual(log, ['begin 0', 'begin 1', 'begin 2']);
  gates[0]!.resolve();
  await Promise.all([all[0], all[2]]);
  t.deepEqual(log.slice(3), ['step 0', 'step 2']);
});
