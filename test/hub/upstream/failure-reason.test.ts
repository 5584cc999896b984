import test from 'ava';
import {
  ExchangeEndedError,
  GatewayAnsweredError,
  UpstreamBodyCutError,
  UpstreamUnreachableError,
} from '../../../src/hub/upstream/errors.ts';
import { failureReason, isBrokenConnection, isUnwritable } from '../../../src/hub/upstream/failure-reason.ts';

const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });

const reasons: [unknown, string][] = [
  [coded('ECONNREFUSED'), 'connection-refused'],
  [coded('ENETUNREACH'), 'no-route'],
  [coded('UND_ERR_CONNECT_TIMEOUT'), 'connect-timeout'],
  [coded('UND_ERR_SOCKET'), 'connection-closed'],
  [coded('EAI_AGAIN'), 'name-not-resolved'],
  [coded('CERT_HAS_EXPIRED'), 'certificate-not-trusted'],
  [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'certificate-for-another-name'],
  [coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', { reason: 'tlsv13 alert certificate required' }), 'tls-failure'],
  [coded('HPE_INVALID_CONSTANT'), 'not-http'],
  [new AggregateError([coded('EHOSTUNREACH'), coded('ECONNREFUSED')]), 'no-route'],
  [new Error('wrapped', { cause: coded('ECONNRESET') }), 'connection-reset'],
  [new ExchangeEndedError('silent', 'x'), 'silent'],
  [new GatewayAnsweredError(502), 'gateway-answered'],
  [coded('SOMETHING_NEW'), 'something-new'],
  [new Error('x'), 'unknown-failure'],
  ['not even an error', 'unknown-failure'],
];
for (const [error, reason] of reasons) {
  test(`${error instanceof Error ? ((error as { code?: string }).code ?? error.name) : typeof error} is called ${reason}`, (t) => {
    t.is(failureReason(error), reason);
  });
}

test('only a connection that was there can have broken', (t) => {
  for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']) t.true(isBrokenConnection(coded(code)));
  for (const code of ['ECONNREFUSED', 'UND_ERR_CONNECT_TIMEOUT', 'HPE_X']) t.false(isBrokenConnection(coded(code)));
  t.true(isUnwritable(coded('UND_ERR_INVALID_ARG')));
  t.false(isUnwritable(coded('ECONNRESET')));
});

test('what reaches a client or the log names the server and the reason, and keeps the cause', (t) => {
  const cause = coded('ECONNREFUSED');
  const unreachable = new UpstreamUnreachableError({ phase: 'connect', server: 'a:6443', cause });
  t.is(unreachable.message, 'the cloud (a:6443) did not answer: connection-refused');
  t.like(unreachable, { code: 'HOLDFAST_UPSTREAM_UNREACHABLE', phase: 'connect', reason: 'connection-refused', cause });
  const cut = new UpstreamBodyCutError({ server: 'a:6443', cause: coded('ECONNRESET') });
  t.is(cut.message, 'the answer of the cloud (a:6443) was cut: connection-reset');
});
