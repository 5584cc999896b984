import test from 'ava';
import fc from 'fast-check';
import {
  hasBody,
  isGatewayAnswer,
  requestHeaders,
  responseHeaders,
  switchingHead,
} from '../../../src/hub/upstream/headers.ts';

const none = { authorization: undefined } as const;

test('what belongs to one connection stays on it, also when Connection names it', (t) => {
  const raw = [
    'Connection',
    'close, X-Secret',
    'X-Secret',
    '1',
    'Keep-Alive',
    '5',
    'TE',
    'trailers',
    'Trailer',
    'x',
    'Upgrade',
    'h2c',
    'Proxy-Authorization',
    'Basic x',
    'Transfer-Encoding',
    'chunked',
    'Host',
    'h',
    'Expect',
    '100-continue',
    'A',
    'b',
  ];
  t.deepEqual(requestHeaders(raw, none), ['A', 'b']);
  t.deepEqual(responseHeaders(['connection', 'X-Hop', 'x-hOp', '1', 'transfer-encoding', 'chunked', 'Audit-Id', 'u']), [
    'Audit-Id',
    'u',
  ]);
  t.deepEqual(responseHeaders(['x-hop', '1', 'Connection', 'x-hop, keep-alive', 'B', '2']), ['B', '2']);
});

test('naming who asks, or how long the body is, in Connection does not remove it', (t) => {
  const raw = [
    'Connection',
    'authorization, impersonate-user, content-length',
    'Authorization',
    'Bearer a',
    'Impersonate-User',
    'u',
    'Content-Length',
    '3',
  ];
  t.deepEqual(requestHeaders(raw, { authorization: 'forward' }), raw.slice(2));
});

test("a front proxy's way to name another user never passes", (t) => {
  const raw = [
    'X-Remote-User',
    'root',
    'x-remote-group',
    'system:masters',
    'X-REMOTE-EXTRA-a',
    'b',
    'X-Remotely',
    'ok',
  ];
  t.deepEqual(requestHeaders(raw, none), ['X-Remotely', 'ok']);
});

test('X-Forwarded-For is neither added nor removed', (t) => {
  t.deepEqual(requestHeaders([], none), []);
  t.deepEqual(requestHeaders(['X-Forwarded-For', '10.0.0.1'], none), ['X-Forwarded-For', '10.0.0.1']);
});

test('whatever headers come: all others pass in order, in their case, as often as they came', (t) => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,12}$/).map((text) => `Q${text}`);
  const pairs = fc.array(fc.tuple(name, fc.stringMatching(/^[ -~]{0,20}$/)), { maxLength: 20 });
  fc.assert(
    fc.property(pairs, (headers) => {
      const raw = headers.flat();
      t.deepEqual(requestHeaders(raw, none), raw);
      t.deepEqual(responseHeaders(raw.map((text) => Buffer.from(text, 'latin1'))), raw);
    }),
  );
});

test('bytes above ASCII survive', (t) => {
  t.deepEqual(responseHeaders([Buffer.from('Warning'), Buffer.from([0xc3, 0xbc])]), ['Warning', '\u00c3\u00bc']);
  const head = switchingHead(101, [
    Buffer.from('Upgrade'),
    Buffer.from('SPDY/3.1'),
    Buffer.from('X'),
    Buffer.from([0xfc]),
  ]);
  t.deepEqual(head, Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nX: \xfc\r\n\r\n', 'latin1'));
});

test('a request has a body only when it is framed as having one', (t) => {
  t.false(hasBody({}));
  t.false(hasBody({ 'content-length': '0' }));
  t.true(hasBody({ 'content-length': '1' }));
  t.true(hasBody({ 'transfer-encoding': 'chunked' }));
});

test('only what an apiserver cannot have written is a gateway answer', (t) => {
  const gateway = (status: number, headers: Record<string, string>) => isGatewayAnswer(status, headers);
  for (const status of [502, 503, 504]) {
    t.true(gateway(status, {}));
    t.true(gateway(status, { 'content-type': 'text/html' }));
    t.true(gateway(status, { 'content-type': 'application/jsonp' }));
    t.false(gateway(status, { 'content-type': 'application/json' }));
    t.false(gateway(status, { 'content-type': 'application/vnd.kubernetes.protobuf' }));
    t.false(gateway(status, { 'content-type': 'text/plain', 'audit-id': 'u' }));
  }
  for (const status of [200, 401, 404, 429, 500]) t.false(gateway(status, { 'content-type': 'text/html' }));
});
