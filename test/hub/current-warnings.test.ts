import test from 'ava';
import { type Circumstances, currentWarnings, identityWarning } from '../../src/hub/current-warnings.ts';

const fine: Circumstances = {
  link: { state: 'online', failures: new Set() },
  refusedWith: undefined,
  unknownToFilters: undefined,
  completeScopes: 2,
  user: 'system:node:edge-1',
  clockDoubt: undefined,
  outboxFill: 0,
  unwrittenFiles: undefined,
  sharedName: undefined,
};

test('where nothing is wrong nothing is said', (t) => {
  t.deepEqual(currentWarnings(fine), []);
  t.deepEqual(currentWarnings({ ...fine, link: { state: 'offline', failures: new Set(['connection-refused']) } }), []);
});

test('what a full disk did not take at the start is said', (t) => {
  t.deepEqual(currentWarnings({ ...fine, unwrittenFiles: 'The disk is full.' }), ['The disk is full.']);
});

test('a clock that cannot be right is said', (t) => {
  t.deepEqual(currentWarnings({ ...fine, clockDoubt: 'The clock is odd.' }), ['The clock is odd.']);
});

test('a credential that the cloud refuses is named, and what to do', (t) => {
  t.regex(currentWarnings({ ...fine, refusedWith: 401 })[0]!, /401 for system:node:edge-1.*Renew it/);
  t.regex(currentWarnings({ ...fine, refusedWith: 403 })[0]!, /--node-name/);
});

test('a server that is not trusted, and a cloud that was never reached, are said', (t) => {
  const link = { state: 'offline' as const, failures: new Set(['connection-refused', 'certificate-not-trusted']) };
  t.is(currentWarnings({ ...fine, link, completeScopes: 0 }).length, 2);
});

test('speaking as somebody else than the node is said', (t) => {
  t.is(identityWarning('system:node:edge-1', 'edge-1'), undefined);
  t.regex(identityWarning('system:node:edge-1', 'edge-9')!, /not system:node:edge-9/);
});

test('an outbox that is nearly full is said before writes are refused', (t) => {
  t.deepEqual(currentWarnings({ ...fine, outboxFill: 0.89 }), []);
  t.regex(currentWarnings({ ...fine, outboxFill: 0.905 })[0]!, /outbox is 90 % full.*--outbox-size/);
});
