import test from 'ava';
import fc from 'fast-check';
import { sideBySide } from '../../../src/cache/outbox/side-by-side.ts';

interface Plan {
  readonly isPrepared: boolean;
  readonly turnsToAnswer: number;
  readonly turnsToEnd: number;
  readonly fails: 'no' | 'before its answer' | 'after its answer';
}

const plans = fc.array(
  fc.record<Plan>({
    isPrepared: fc.boolean(),
    turnsToAnswer: fc.nat(3),
    turnsToEnd: fc.nat(6),
    fails: fc.constantFrom('no', 'no', 'no', 'no', 'before its answer', 'after its answer'),
  }),
  { maxLength: 30 },
);

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('whatever was begun has ended when the whole has, nothing is begun after a failure, and the first one is told', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      plans,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 5 }),
      async (all, workers, size) => {
        const begun = new Set<Plan>();
        const failures: Error[] = [];
        let underWay = 0;
        let unanswered = 0;
        let done = 0;
        const fail = (): never => {
          failures.push(new Error(`failure ${failures.length}`));
          throw failures.at(-1);
        };
        const whole = sideBySide(
          all,
          {
            workers,
            batchSize: () => size,
            prepare: async (batch) => batch[0]!.isPrepared,
            run: async (plan, { signal, onAnswered }) => {
              t.false(begun.has(plan));
              t.false(signal.aborted);
              begun.add(plan);
              underWay += 1;
              unanswered += 1;
              t.true(unanswered <= workers);
              let isAnswered = false;
              try {
                await turns(plan.turnsToAnswer);
                if (plan.fails === 'before its answer') fail();
                isAnswered = true;
                unanswered -= 1;
                onAnswered();
                await turns(plan.turnsToEnd);
                if (plan.fails === 'after its answer') fail();
                done += 1;
                return 1;
              } finally {
                if (!isAnswered) unanswered -= 1;
                underWay -= 1;
              }
            },
          },
          new AbortController().signal,
        );
        const outcome = await whole.catch((error: unknown) => error);
        t.is(underWay, 0);
        t.is(outcome, failures.length > 0 ? failures[0] : done);
        if (failures.length > 0) return;
        const expected = all.filter((_, index) => all[index - (index % size)]!.isPrepared);
        t.is(done, expected.length);
      },
    ),
  );
});

test('one that is called off rejects with the reason, once what was begun has ended', async (t) => {
  const ending = new AbortController();
  const answer = Promise.withResolvers<number>();
  let isOver = false;
  const whole = sideBySide(
    ['a', 'b'],
    { workers: 1, batchSize: () => 2, prepare: async () => true, run: () => answer.promise },
    ending.signal,
  ).finally(() => {
    isOver = true;
  });
  await turns(1);
  const reason = new Error('the hub is closing');
  ending.abort(reason);
  await turns(2);
  t.false(isOver);
  answer.resolve(1);
  t.is(await t.throwsAsync(whole), reason);
});
