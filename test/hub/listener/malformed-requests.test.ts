import test from 'ava';
import fc from 'fast-check';
import { ask, exchange, openListener } from './raw-http.ts';

const host = 'Host: a\r\n';
const post = `POST /x HTTP/1.1\r\n${host}`;
const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;

/** Whatever two parsers could read differently, and whatever is no HTTP at all. */
const malformed: Readonly<Record<string, string | Buffer>> = {
  'Content-Length before Transfer-Encoding': `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding before Content-Length': `${post}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  'two different Content-Length': `${post}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
  'two equal Content-Length': `${post}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`,
  'a list in Content-Length': `${post}Content-Length: 5, 5\r\n\r\nhello`,
  'a sign in Content-Length': `${post}Content-Length: +5\r\n\r\nhello`,
  'a negative Content-Length': `${post}Content-Length: -5\r\n\r\nhello`,
  'a hexadecimal Content-Length': `${post}Content-Length: 0x5\r\n\r\nhello`,
  'an empty Content-Length': `${post}Content-Length: \r\n\r\n`,
  'a Content-Length that overflows': `${post}Content-Length: 99999999999999999999999\r\n\r\n`,
  'a bare LF after the request line': 'GET /x HTTP/1.1\nHost: a\n\n',
  'a bare LF between headers': 'GET /x HTTP/1.1\r\nHost: a\nX: y\r\n\r\n',
  'a bare LF at the end of the head': 'GET /x HTTP/1.1\r\nHost: a\r\n\n',
  'a bare CR between headers': 'GET /x HTTP/1.1\r\nHost: a\rX: y\r\n\r\n',
  'a folded header': `GET /x HTTP/1.1\r\n${host}X: a\r\n b\r\n\r\n`,
  'a folded Transfer-Encoding': `${post}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`,
  'a space before the colon': `${post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n`,
  'a control character in Transfer-Encoding': `${post}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`,
  'an unknown Transfer-Encoding': `${post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`,
  'identity after chunked': `${post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
  'two Transfer-Encoding': `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`,
  'gzip before chunked': `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  'Transfer-Encoding in HTTP/1.0': 'POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'a missing Host': 'GET /x HTTP/1.1\r\n\r\n',
  'two Host': 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
  'a NUL in a header': `GET /x HTTP/1.1\r\n${host}X: b\0\r\n\r\n`,
  'a header without a name': `GET /x HTTP/1.1\r\n${host}: b\r\n\r\n`,
  'a header without a colon': `GET /x HTTP/1.1\r\n${host}Foo\r\n\r\n`,
  'white space before the first header': `GET /x HTTP/1.1\r\n ${host}\r\n`,
  'HTTP/0.9': 'GET /x\r\n\r\n',
  'HTTP/2.0': `GET /x HTTP/2.0\r\n${host}\r\n`,
  'the HTTP/2 preface': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  'an unknown method': `FOO /x HTTP/1.1\r\n${host}\r\n`,
  'a method in lower case': `get /x HTTP/1.1\r\n${host}\r\n`,
  'a space in the URL': `GET /a b HTTP/1.1\r\n${host}\r\n`,
  'a control character in the URL': `GET /a\x01b HTTP/1.1\r\n${host}\r\n`,
  'a byte above ASCII in the URL': Buffer.from(`GET /a\xe9 HTTP/1.1\r\n${host}\r\n`, 'latin1'),
  'a percent-encoding that is none': `GET /a%zz HTTP/1.1\r\n${host}\r\n`,
  'a target that is no path': `GET api HTTP/1.1\r\n${host}\r\n`,
  'an asterisk target': `OPTIONS * HTTP/1.1\r\n${host}\r\n`,
  'a target of another protocol': `GET ftp://a/b HTTP/1.1\r\n${host}\r\n`,
  'a fragment in the target': `GET /a#b HTTP/1.1\r\n${host}\r\n`,
  'a TLS hello on the plain port': Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
};

for (const [what, bytes] of Object.entries(malformed)) {
  test(`${what} is refused with a 400 Status and a closed connection, and reaches nobody`, async (t) => {
    let handled = 0;
    const listener = await openListener({
      handle(_request, response) {
        handled += 1;
        response.end();
      },
    });
    // The second request must not be read: where the first one ends is exactly what is in doubt.
    const answer = await ask(listener.address.port, bytes, `GET /smuggled HTTP/1.1\r\n${host}\r\n`);
    t.is(answer.code, 400);
    t.is(answer.headers['content-type'], 'application/json');
    t.is(answer.headers.connection, 'close');
    t.like(answer.status(), { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'BadRequest', code: 400 });
    t.is(handled, 0);
    await listener.close({ graceMs: 0 });
  });
}

const malformedBodies: Readonly<Record<string, string>> = {
  'a chunk size that is no number': `${chunked}zz\r\n\r\n`,
  'a chunk size with a sign': `${chunked}-1\r\nx\r\n0\r\n\r\n`,
  'a chunk size with a space': `${chunked}1 \r\nx\r\n0\r\n\r\n`,
  'a chunk size that overflows': `${chunked}fffffffffffffffff1\r\nx\r\n0\r\n\r\n`,
  'a chunk longer than its size': `${chunked}1\r\nxyz\r\n0\r\n\r\n`,
  'a bare LF after the chunk size': `${chunked}0\n\n`,
  'a bare LF in a chunk extension': `${chunked}1;a\nx\r\nx\r\n0\r\n\r\n`,
  'Content-Length as a trailer': `${chunked}0\r\nContent-Length: 4\r\n\r\n`,
  'chunk extensions of 20 kB': `${chunked}1;${'a'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`,
};

for (const [what, bytes] of Object.entries(malformedBodies)) {
  test(`${what}: the request is cut off with a 4xx Status and a closed connection`, async (t) => {
    const ending = Promise.withResolvers<string>();
    const listener = await openListener({
      handle(request) {
        request.on('end', () => ending.resolve('end'));
        request.on('error', () => ending.resolve('error'));
        request.resume();
      },
    });
    const answer = await ask(listener.address.port, bytes, `GET /smuggled HTTP/1.1\r\n${host}\r\n`);
    t.true(answer.code === 400 || answer.code === 413, `${answer.code}`);
    t.is(answer.status().code, answer.code);
    t.is(await ending.promise, 'error', 'a body in doubt never ends as if it were whole');
    await listener.close({ graceMs: 0 });
  });
}

test('a body cut short is an error for whoever reads it, never an end', async (t) => {
  const seen = Promise.withResolvers<string>();
  const listener = await openListener({
    handle(request) {
      request.on('end', () => seen.resolve('end'));
      request.on('error', (error: NodeJS.ErrnoException) => seen.resolve(error.code ?? 'error'));
      request.resume();
    },
  });
  const { connect } = await import('node:net');
  const socket = connect(listener.address.port, '127.0.0.1');
  socket.write(`${post}Content-Length: 10\r\n\r\nhello`, () => socket.resetAndDestroy());
  t.is(await seen.promise, 'ECONNRESET');
  await listener.close({ graceMs: 0 });
});

test('whatever bytes arrive, the listener answers a proper HTTP message or closes, and goes on serving', async (t) => {
  const listener = await openListener();
  const { port } = listener.address;
  const word = fc.constantFrom(
    'GET ',
    'POST /',
    ' HTTP/1.1',
    '\r\n',
    '\n',
    ':',
    'Host: a',
    'Content-Length: ',
    '0',
    '\0',
    ' ',
    'chunked',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(word, fc.string({ unit: 'binary' })), { maxLength: 20 }), async (words) => {
      const text = await exchange(
        port,
        Buffer.from(`${words.join('')}\r\n\r\nGET`, 'latin1'),
        Buffer.from(' HTTP\x01\r\n\r\n'),
      );
      if (text !== '' && !/^HTTP\/1\.1 \d{3} /.test(text))
        throw new Error(`not HTTP: ${JSON.stringify(text.slice(0, 99))}`);
    }),
    { numRuns: 150 },
  );
  const answer = await ask(port, `GET /still-here HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
  t.is(answer.code, 200);
  await listener.close({ graceMs: 0 });
});
