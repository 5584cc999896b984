import { test } from '../one-by-one.ts';
import { Ledger, type LoggedWrite, type Outcome } from './ledger.ts';

const path = '/api/v1/namespaces/default/configmaps/one';

function ledgerOf(...writes: readonly (readonly [LoggedWrite['kind'], string, Outcome])[]): Ledger {
  const ledger = new Ledger();
  for (const [kind, field, outcome] of writes) ledger.settle(ledger.attempt(path, { kind, field }), outcome);
  return ledger;
}

test('a write that was acknowledged and is not there is found', (t) => {
  const ledger = ledgerOf(['create', 'a', 'acknowledged'], ['update', 'b', 'acknowledged']);
  t.deepEqual(ledger.problems(path, { n: '2', a: '1', b: '2' }), []);
  t.is(ledger.problems(path, { n: '1', a: '1' }).length, 2);
  t.is(ledger.problems(path, undefined).length, 1);
});

test('a deletion that was acknowledged and not done is found', (t) => {
  const ledger = ledgerOf(['create', 'a', 'acknowledged'], ['delete', 'a', 'acknowledged']);
  t.deepEqual(ledger.problems(path, undefined), []);
  t.is(ledger.problems(path, { n: '1', a: '1' }).length, 1);
});

test('a deletion that was not done is found also when a create before it had no answer', (t) => {
  const ledger = ledgerOf(
    ['create', 'a', 'unknown'],
    ['create', 'b', 'acknowledged'],
    ['update', 'c', 'acknowledged'],
    ['delete', 'a', 'acknowledged'],
  );
  t.deepEqual(ledger.problems(path, undefined), []);
  t.deepEqual(ledger.problems(path, { n: '1', a: '1' }), [], 'the create came late');
  t.is(ledger.problems(path, { n: '3', a: '1', c: '3' }).length, 2, 'and nothing of what was deleted with it');
});

test('a write without an answer may show once what stood above it is gone, until all is settled', (t) => {
  const ledger = ledgerOf(
    ['create', 'a', 'acknowledged'],
    ['put', 'b', 'unknown'],
    ['update', 'b', 'acknowledged'],
    ['put', 'c', 'acknowledged'],
  );
  t.deepEqual(ledger.problems(path, { n: '4', c: '4' }), []);
  t.deepEqual(ledger.problems(path, { n: '4', b: '2', c: '4' }), []);
  t.is(ledger.problems(path, { n: '4', b: '3', c: '4' }).length, 1, 'what was put over is gone');
  ledger.settleAll(new Map([[path, { n: '4', c: '4' }]]));
  t.is(ledger.problems(path, { n: '4', b: '2', c: '4' }).length, 1, 'it comes no more');
  ledger.settleAll(new Map([[path, { n: '4', b: '2', c: '4' }]]));
  ledger.settle(ledger.attempt(path, { kind: 'update', field: 'd' }), 'acknowledged');
  t.deepEqual(ledger.problems(path, { n: '5', b: '2', c: '4', d: '5' }), [], 'it had come, and stays');
  t.is(ledger.problems(path, { n: '5', c: '4', d: '5' }).length, 1);
});

test('what was found done without an answer may show again, what was acknowledged and written over may not', (t) => {
  const ledger = ledgerOf(['create', 'a', 'acknowledged'], ['delete', 'a', 'acknowledged'], ['create', 'b', 'unknown']);
  t.deepEqual([...ledger.mayStillShow(path)], ['3']);
  ledger.settleAll(new Map([[path, { n: '3', b: '3' }]]));
  t.deepEqual(
    [...ledger.mayStillShow(path)],
    ['3'],
    'another object than the one that is made and deleted here meanwhile',
  );
  ledger.settleAll(new Map([[path, undefined]]));
  t.deepEqual([...ledger.mayStillShow(path)], []);
});

test('a refused write that shows is found', (t) => {
  const ledger = ledgerOf(['create', 'a', 'acknowledged'], ['update', 'b', 'refused']);
  t.is(ledger.problems(path, { n: '2', a: '1', b: '2' }).length, 2);
});
