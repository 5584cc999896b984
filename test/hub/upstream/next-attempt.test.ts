import test from 'ava';
import fc from 'fast-check';
import { ExchangeEndedError } from '../../../src/hub/upstream/errors.ts';
import { nextAttempt } from '../../../src/hub/upstream/next-attempt.ts';
import { type Server, Servers } from '../../../src/hub/upstream/servers.ts';

const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
const silence = new ExchangeEndedError('silent', 'x');
const givenUp = new ExchangeEndedError('declared-offline', 'x');

test('what may have been done is never sent again unless it changes nothing', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
      fc.constantFrom(reset, silence, givenUp),
      fc.integer({ min: 1, max: 3 }),
      (method, error, count) => {
        const servers = new Servers(Array.from({ length: count }, (_, i) => `https://s${i}`));
        const server = servers.first();
        const failed = { method, phase: 'sent' as const, error, server, tried: new Set([server]), wasRepeated: false };
        return nextAttempt(failed, servers) === undefined;
      },
    ),
  );
  t.pass();
});

test('a chain of attempts always ends, and asks no server twice but one', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST'),
      fc.array(
        fc.tuple(
          fc.constantFrom('connect' as const, 'sent' as const),
          fc.constantFrom(reset, refused, silence, givenUp),
        ),
        { minLength: 12, maxLength: 12 },
      ),
      fc.integer({ min: 1, max: 4 }),
      (method, failures, count) => {
        const servers = new Servers(Array.from({ length: count }, (_, i) => `https://s${i}`));
        const tried = new Set<Server>();
        const asked: Server[] = [];
        let wasRepeated = false;
        let server: Server | undefined = servers.first();
        for (const [phase, error] of failures) {
          asked.push(server);
          tried.add(server);
          const next: Server | undefined = nextAttempt({ method, phase, error, server, tried, wasRepeated }, servers);
          if (next === undefined) return new Set(asked).size >= asked.length - 1;
          wasRepeated ||= next === server;
          server = next;
        }
        return false;
      },
    ),
  );
  t.pass();
});

test('a read is asked of the next server first, and of the same one only when its answer was lost', (t) => {
  const servers = new Servers(['https://a', 'https://b']);
  const [a, b] = servers.all as [Server, Server];
  const failed = { method: 'GET', phase: 'sent' as const, server: a, tried: new Set([a]), wasRepeated: false };
  t.is(nextAttempt({ ...failed, error: reset }, servers), b);
  servers.markDown(b);
  t.is(nextAttempt({ ...failed, error: reset }, servers), a);
  t.is(nextAttempt({ ...failed, error: silence }, servers), a);
  t.is(nextAttempt({ ...failed, error: givenUp }, servers), undefined);
  t.is(nextAttempt({ ...failed, error: reset, wasRepeated: true }, servers), undefined);
  t.is(nextAttempt({ ...failed, error: refused, phase: 'connect' }, servers), undefined);
});
