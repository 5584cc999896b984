import type { ServerHttp2Stream } from 'node:http2';
import { type ExecutionContext, default as test } from 'ava';
import fc from 'fast-check';
import { CriError } from '../../../../src/hub/ipam/cri/cri-error.ts';
import { listPodSandboxes, sandboxIds } from '../../../../src/hub/ipam/cri/pod-sandboxes.ts';
import { answerWith, type FakeRuntime, listOf, startFakeRuntime } from '../../../support/fake-runtime.ts';
import { ManualClock } from '../../../support/manual-clock.ts';
import { eventually } from '../../../support/running-hub.ts';

const id = 'a'.repeat(64);

async function runtime(t: ExecutionContext): Promise<FakeRuntime> {
  const started = await startFakeRuntime();
  t.teardown(() => started.stop());
  return started;
}

const ask = (socket: string, signal = new AbortController().signal, clock = new ManualClock()) =>
  listPodSandboxes({ socket, clock, timeoutMs: 5000 }, signal);

test('all sandboxes are listed, whatever their state', async (t) => {
  const cri = await runtime(t);
  t.deepEqual(await ask(cri.socket), new Set());
  cri.sandboxes = [id, 'b'];
  t.deepEqual(await ask(cri.socket), new Set([id, 'b']));
  t.deepEqual([...new Set(cri.asked)], ['/runtime.v1.RuntimeService/ListPodSandbox']);
  await eventually(() => cri.sessions === 0);
});

test('an answer that is not whole, or not vouched for, is none', async (t) => {
  const cri = await runtime(t);
  const whole = listOf([id]);
  const answers: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
    'grpc-status 14': (stream) => answerWith(stream, whole, '14'),
    'not whole': (stream) => answerWith(stream, whole.subarray(0, 20), '0', Buffer.from([0, 0, 0, 0, whole.length])),
    compressed: (stream) => answerWith(stream, whole, '0', Buffer.from([1, 0, 0, 0, whole.length])),
    'no message': (stream) => answerWith(stream, Buffer.alloc(0), '0', Buffer.alloc(0)),
    'no end': (stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, whole.length]), whole]));
    },
    'HTTP status 503': (stream) => {
      stream.respond({ ':status': 503, 'grpc-status': '0' });
      stream.end();
    },
    closed: (stream) => stream.session?.destroy(),
    'cannot be read': (stream) => answerWith(stream, Buffer.from([10, 200])),
  };
  for (const [words, answer] of Object.entries(answers)) {
    cri.answer = answer;
    const error = await t.throwsAsync(ask(cri.socket), { instanceOf: CriError }, words);
    if (words !== 'closed') t.true(error?.message.includes(words), `${words}: ${error?.message}`);
  }
  await eventually(() => cri.sessions === 0);
});

test('a runtime that is not there, or does not answer in time, is waited for no longer', async (t) => {
  const cri = await runtime(t);
  await t.throwsAsync(ask(`${cri.socket}.none`), { instanceOf: CriError, message: /ENOENT/ });
  cri.answer = () => {};
  const clock = new ManualClock();
  const asked = ask(cri.socket, undefined, clock);
  await eventually(() => cri.asked.length === 1);
  clock.advance(5000);
  await t.throwsAsync(asked, { instanceOf: CriError, message: /within 5000 ms/ });
  await eventually(() => cri.sessions === 0);
});

test('a question that nobody wants answered any more is given up', async (t) => {
  const cri = await runtime(t);
  cri.answer = () => {};
  const leaving = new AbortController();
  const asked = ask(cri.socket, leaving.signal);
  await eventually(() => cri.asked.length === 1);
  leaving.abort(new Error('closing'));
  await t.throwsAsync(asked, { message: 'closing' });
  await t.throwsAsync(ask(cri.socket, leaving.signal), { message: 'closing' });
  await eventually(() => cri.sessions === 0);
});

test('a list that is cut anywhere is refused, or shorter by whole sandboxes that its length would have told', (t) => {
  const whole = listOf([id, 'b', 'c']);
  fc.assert(
    fc.property(fc.nat({ max: whole.length }), (length) => {
      try {
        const ids = sandboxIds(whole.subarray(0, length));
        t.true([0, listOf([id]).length, listOf([id, 'b']).length, whole.length].includes(length));
        t.true(ids.size <= 3);
      } catch (error) {
        t.true(error instanceof CriError);
      }
    }),
  );
});
