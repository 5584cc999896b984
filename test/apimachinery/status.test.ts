import test from 'ava';
import fc from 'fast-check';
import {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  forbidden,
  gatewayTimeout,
  internalError,
  invalid,
  methodNotAllowed,
  notAcceptable,
  notFound,
  pathNotFound,
  requestEntityTooLarge,
  StatusError,
  type StatusReason,
  serviceUnavailable,
  status,
  tooLargeResourceVersion,
  tooManyRequests,
  unauthorized,
  unsupportedMediaType,
} from '../../src/apimachinery/status.ts';

const pods = { group: '', resource: 'pods' };
const deployments = { group: 'apps', resource: 'deployments' };

const refusals: readonly [StatusError, number, StatusReason, string][] = [
  [badRequest('no'), 400, 'BadRequest', 'no'],
  [unauthorized(), 401, 'Unauthorized', 'Unauthorized'],
  [forbidden(pods, 'a', 'why'), 403, 'Forbidden', 'pods "a" is forbidden: why'],
  [forbidden(deployments, '', 'why'), 403, 'Forbidden', 'deployments.apps is forbidden: why'],
  [notFound(deployments, 'a'), 404, 'NotFound', 'deployments.apps "a" not found'],
  [pathNotFound(), 404, 'NotFound', 'the server could not find the requested resource'],
  [methodNotAllowed(pods, 'patch'), 405, 'MethodNotAllowed', 'patch is not supported on resources of kind "pods"'],
  [notAcceptable(['a/b']), 406, 'NotAcceptable', 'only the following media types are accepted: a/b'],
  [alreadyExists(pods, 'a'), 409, 'AlreadyExists', 'pods "a" already exists'],
  [conflict(pods, 'a', 'changed'), 409, 'Conflict', 'Operation cannot be fulfilled on pods "a": changed'],
  [expired('too old resource version: 1 (9)'), 410, 'Expired', 'too old resource version: 1 (9)'],
  [requestEntityTooLarge(3), 413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3'],
  [tooManyRequests('slowly', 2), 429, 'TooManyRequests', 'slowly'],
  [internalError('oops'), 500, 'InternalError', 'Internal error occurred: oops'],
  [serviceUnavailable('offline'), 503, 'ServiceUnavailable', 'offline'],
  [gatewayTimeout('slow'), 504, 'Timeout', 'Timeout: slow'],
];

test('each refusal has the code of its reason and the words of apiserver', (t) => {
  for (const [error, code, reason, message] of refusals) {
    t.true(error instanceof StatusError);
    t.like(error.status, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
    t.is(error.message, message);
    t.is(error.code, reason);
  }
});

test('the details name the resource as URLs do', (t) => {
  t.deepEqual(notFound(deployments, 'a').status.details, { name: 'a', group: 'apps', kind: 'deployments' });
  t.deepEqual(notFound(pods, 'a').status.details, { name: 'a', kind: 'pods' });
  t.deepEqual(forbidden(pods, '', 'x').status.details, { kind: 'pods' });
});

test('a Status is written in the field order of apiserver', (t) => {
  const text = JSON.stringify(notFound(pods, 'a').status);
  t.is(
    text,
    '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \\"a\\" not found","reason":"NotFound","details":{"name":"a","kind":"pods"},"code":404}',
  );
});

test('a 503 never asks the client to come back after some seconds', (t) => {
  fc.assert(
    fc.property(fc.nat(), fc.option(fc.string()), (retryAfterSeconds, name) => {
      const details = { retryAfterSeconds, ...(name === null ? {} : { name }) };
      const made = status('ServiceUnavailable', 'offline', details);
      t.false(JSON.stringify(made).includes('retryAfterSeconds'));
      t.is(made.details?.name, name ?? undefined);
    }),
  );
  t.is(serviceUnavailable('offline').status.details, undefined);
});

test('a resourceVersion from the future is a 504 that a reflector understands', (t) => {
  const { code, reason, message, details } = tooLargeResourceVersion('9', '5').status;
  t.is(code, 504);
  t.is(reason, 'Timeout');
  t.is(message, 'Timeout: Too large resource version: 9, current: 5');
  t.is(details?.retryAfterSeconds, 1);
  t.deepEqual(details?.causes, [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }]);
});

test('an unreadable body is told which media types are read', (t) => {
  const { code, message } = unsupportedMediaType(['application/json', 'application/yaml']).status;
  t.is(code, 415);
  t.regex(message, /unknown format - accepted media types include: application\/json, application\/yaml$/);
});

test('an invalid object lists every field that is wrong', (t) => {
  const cause = (field: string) => ({ reason: 'FieldValueInvalid', message: 'field is immutable', field });
  const one = invalid({ group: '', kind: 'Pod' }, 'a', [cause('metadata.uid')]);
  t.is(one.status.code, 422);
  t.is(one.message, 'Pod "a" is invalid: metadata.uid: field is immutable');
  const two = invalid({ group: 'apps', kind: 'Deployment' }, 'a', [cause('x'), cause('y')]);
  t.is(two.message, 'Deployment.apps "a" is invalid: [x: field is immutable, y: field is immutable]');
  t.deepEqual(two.status.details, { name: 'a', group: 'apps', kind: 'Deployment', causes: [cause('x'), cause('y')] });
});

test('what made us refuse stays with the error and out of the Status', (t) => {
  const cause = new Error('ECONNREFUSED 10.0.0.1');
  const error = serviceUnavailable('offline', { cause });
  t.is(error.cause, cause);
  t.false(JSON.stringify(error.status).includes('10.0.0.1'));
});
