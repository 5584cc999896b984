import test from 'ava';
import { notFound } from '../../src/apimachinery/status.ts';
import { errorCatalogue } from '../../src/hub/error-catalogue.ts';
import { toStatus } from '../../src/hub/errors.ts';

const withCode = (code: unknown) => Object.assign(new Error('what happened'), { code });

test('an error with a code of the catalogue becomes the Status that the catalogue says, with its own message', (t) => {
  for (const [code, { reason }] of Object.entries(errorCatalogue)) {
    const status = toStatus(withCode(code));
    if (reason === undefined) t.is(status.reason, 'InternalError', code);
    else t.like(status, { kind: 'Status', status: 'Failure', reason, message: 'what happened' }, code);
  }
});

test('a StatusError is its own Status', (t) => {
  const error = notFound({ group: '', resource: 'pods' }, 'web');
  t.is(toStatus(error), error.status);
});

test('an error that nobody foresaw is a 500 that tells nothing of its inside', (t) => {
  for (const error of [
    withCode('ECONNRESET'),
    withCode('constructor'),
    withCode(7),
    'thrown text',
    undefined,
    { code: 'HOLDFAST_USAGE' },
  ]) {
    const status = toStatus(error);
    t.is(status.code, 500);
    t.notRegex(status.message, /what happened|thrown text/);
  }
});

test('no 503 tells the client when to come back', (t) => {
  for (const code of Object.keys(errorCatalogue))
    t.is(toStatus(withCode(code)).details?.retryAfterSeconds, undefined, code);
});

test('every row says when and what to do, in sentences', (t) => {
  for (const [code, { when, whatToDo }] of Object.entries(errorCatalogue)) {
    for (const text of [when, whatToDo]) t.regex(text, /^[A-Z`].*\.$/s, code);
  }
});
