import test, { type ExecutionContext } from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { HistoryExpiredError, UpstreamProtocolError, UpstreamStatusError } from '../../src/cache/errors.ts';
import { syncByList, syncByWatchList } from '../../src/cache/full-sync.ts';
import { podScope, podText } from '../support/sample-objects.ts';
import { ScriptedTransport } from '../support/scripted-transport.ts';

function start(how: typeof syncByList) {
  const transport = new ScriptedTransport();
  const abort = new AbortController();
  const scope = podScope({ labels: 'app=x' });
  const sync = how({ transport, scope, credential: nodeCredential, signal: abort.signal });
  sync.catch(() => undefined); // each test looks at it itself
  return { transport, abort, sync };
}

const a = podText({ name: 'a', version: 5 });
const b = podText({ name: 'b', version: 6 });
const c = podText({ name: 'c', version: 7 });

async function refusalOf(t: ExecutionContext, sync: Promise<unknown>): Promise<Error> {
  return (await t.throwsAsync(sync)) as Error;
}

test('a list is read in pages, with gzip, at the most recent version', async (t) => {
  const { transport, sync } = start(syncByList);
  const first = await transport.next();
  t.deepEqual(Object.fromEntries(first.url.searchParams), { limit: '500', labelSelector: 'app=x' });
  t.is(first.request.headers['accept-encoding'], 'gzip');
  t.is(first.request.headers.accept, 'application/json');
  first.list(10, [a, b], 'page-2');
  const second = await transport.next();
  t.is(second.url.searchParams.get('continue'), 'page-2');
  t.is(second.url.searchParams.get('labelSelector'), 'app=x');
  second.list(10, [c]);
  const { objects, resourceVersion, listType } = await sync;
  t.is(resourceVersion, '10');
  t.deepEqual(listType, { kind: 'PodList', apiVersion: 'v1' });
  t.deepEqual([...objects.keys()], ['default/a', 'default/b', 'default/c']);
});

test('a list that stands still in the middle is given up, so that its readers are not left waiting', async (t) => {
  const { transport, sync } = start(syncByList);
  const page = await transport.next();
  t.true((page.request.idleTimeoutMs ?? Number.POSITIVE_INFINITY) <= 60_000);
  page.list(10);
  await sync;
});

test('an empty list is a whole answer', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).list(10);
  t.is((await sync).objects.size, 0);
});

test('a page token that expires midway starts over without pages, and what was read before is not in it', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).list(10, [a], 'page-2');
  (await transport.next()).status(410, 'Expired');
  const again = await transport.next();
  t.false(again.url.searchParams.has('limit'));
  t.false(again.url.searchParams.has('continue'));
  again.list(20, [b]);
  const { objects, resourceVersion } = await sync;
  t.is(resourceVersion, '20');
  t.deepEqual([...objects.keys()], ['default/b']);
});

test('it starts over only once', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).list(10, [a], 'page-2');
  (await transport.next()).status(410, 'Expired');
  (await transport.next()).status(410, 'Expired');
  t.is(((await refusalOf(t, sync)) as UpstreamStatusError).statusCode, 410);
  t.is(transport.all.length, 3);
});

test('pages of different versions are no list', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).list(10, [a], 'page-2');
  (await transport.next()).list(11, [b]);
  t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError);
});

test('a page that points to itself is not read for ever', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).list(10, [a], 'page-2');
  (await transport.next()).list(10, [b], 'page-2');
  t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError);
});

test('a list without a version, or with one that is no number, is refused', async (t) => {
  for (const version of ['', 'abc', '0']) {
    const { transport, sync } = start(syncByList);
    (await transport.next()).list(version, [a]);
    t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError, version);
  }
});

test('a page that is cut off is an error, not a shorter list', async (t) => {
  const { transport, sync } = start(syncByList);
  const text = `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"10"},"items":[${a},${b}]}`;
  (await transport.next()).answer(200, text.slice(0, -8));
  t.is(((await refusalOf(t, sync)) as Error & { code: string }).code, 'MALFORMED_LIST');
});

test('an object in a list without a version could never be told apart from a later one, so it is refused', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).list(10, ['{"metadata":{"name":"a","namespace":"default"}}']);
  t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError);
});

test('any answer but 200 comes back whole, for the client that waits', async (t) => {
  const { transport, sync } = start(syncByList);
  (await transport.next()).status(429, 'TooManyRequests', { 'retry-after': '7' });
  const error = (await refusalOf(t, sync)) as UpstreamStatusError;
  t.is(error.statusCode, 429);
  t.is(error.headers['retry-after'], '7');
  t.is(JSON.parse(error.body.toString()).reason, 'TooManyRequests');
});

test('a sync ends with its signal', async (t) => {
  const { transport, abort, sync } = start(syncByList);
  (await transport.next()).list(10, [a], 'page-2');
  await transport.next();
  abort.abort(new Error('left'));
  t.is((await refusalOf(t, sync)).message, 'left');
});

test('a WatchList asks for the most recent state and ends with its end bookmark', async (t) => {
  const { transport, sync } = start(syncByWatchList);
  const request = await transport.next();
  t.deepEqual(Object.fromEntries(request.url.searchParams), {
    sendInitialEvents: 'true',
    resourceVersionMatch: 'NotOlderThan',
    allowWatchBookmarks: 'true',
    timeoutSeconds: '300',
    watch: 'true',
    labelSelector: 'app=x',
  });
  const stream = request.stream();
  stream.event({ type: 'ADDED', text: a }, { type: 'ADDED', text: b });
  stream.bookmark(8);
  stream.event({ type: 'DELETED', text: podText({ name: 'a', version: 9 }) }, { type: 'MODIFIED', text: c });
  stream.bookmark(10, true);
  const { objects, resourceVersion, listType } = await sync;
  t.is(resourceVersion, '10');
  t.deepEqual(listType, { kind: 'PodList', apiVersion: 'v1' });
  t.deepEqual([...objects.keys()], ['default/b', 'default/c']);
  t.true(stream.isCancelled, 'the stream is not left open');
});

test('initial events that end without their bookmark are nothing', async (t) => {
  const { transport, sync } = start(syncByWatchList);
  (await transport.next()).stream().event({ type: 'ADDED', text: a }).bookmark(10).end();
  t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError);
});

test('initial events that are cut off are nothing', async (t) => {
  const { transport, sync } = start(syncByWatchList);
  (await transport.next()).stream().event({ type: 'ADDED', text: a }).fail(new Error('cut'));
  t.is((await refusalOf(t, sync)).message, 'cut');
});

test('an ERROR among the initial events is the error it stands for', async (t) => {
  for (const [code, type] of [
    [410, HistoryExpiredError],
    [500, UpstreamStatusError],
  ] as const) {
    const { transport, sync } = start(syncByWatchList);
    const stream = (await transport.next()).stream();
    stream.event({ type: 'ERROR', text: JSON.stringify({ kind: 'Status', code, message: 'no' }) });
    t.true((await refusalOf(t, sync)) instanceof type);
    t.true(stream.isCancelled);
  }
});

test('an end bookmark that does not say what kind was watched is refused', async (t) => {
  const { transport, sync } = start(syncByWatchList);
  const metadata = { resourceVersion: '10', annotations: { 'k8s.io/initial-events-end': 'true' } };
  (await transport.next()).stream().event({ type: 'BOOKMARK', text: JSON.stringify({ metadata }) });
  t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError);
});

test('an end bookmark without a version is refused', async (t) => {
  for (const version of ['', '0', 'x']) {
    const { transport, sync } = start(syncByWatchList);
    const metadata = { resourceVersion: version, annotations: { 'k8s.io/initial-events-end': 'true' } };
    const text = JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata });
    (await transport.next()).stream().event({ type: 'BOOKMARK', text });
    t.true((await refusalOf(t, sync)) instanceof UpstreamProtocolError);
  }
});
