// One owed write against a cloud that others change at the same time, and that does not always answer as one would like.
import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { Cloud, CloudAnswer, CloudRequest } from '../../../src/cache/outbox/cloud.ts';
import type { OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { type ReplayOutcome, replayEntry } from '../../../src/cache/outbox/replay-entry.ts';
import type { ConflictPolicy } from '../../../src/cache/writes/policy.ts';
import { dataOf, entryOf, objectOf } from '../../support/outbox-entries.ts';
import { maps, ObjectCloud } from '../../support/owed-writes-stage.ts';
import { answer, connectionLost, lineOf } from '../../support/replay-stage.ts';

const { signal } = new AbortController();
const path = `${maps}/web`;

function bring(entry: OutboxEntry, cloud: Cloud, token?: string): Promise<ReplayOutcome> {
  return replayEntry(entry, { cloud, token, signal });
}

const linesOf = ({ requests }: ObjectCloud): string[] => requests.map(lineOf);

/** Answers these in turn, the last one for ever. */
function scripted(...answers: readonly CloudAnswer[]): Cloud & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    send: async (request: CloudRequest) => {
      lines.push(lineOf(request));
      return answers[Math.min(lines.length, answers.length) - 1]!;
    },
  };
}

test('what the cloud has not touched since is put there in one request, at the version it had', async (t) => {
  const cloud = new ObjectCloud();
  const known = cloud.put(path, objectOf('web', { data: { a: '1' } }));
  const { resourceVersion } = known.metadata as JsonObject;
  const entry = entryOf({
    before: known,
    after: { ...known, data: { a: '2' } },
    cloudVersion: String(resourceVersion),
  });
  const outcome = await bring(entry, cloud);
  t.is(outcome.kind, 'done');
  t.deepEqual(linesOf(cloud), ['PUT configmaps/web as node']);
  t.deepEqual(cloud.objects.get(path)?.data, { a: '2' });
});

test('what others change at the same time is kept; in the end nobody’s change is overwritten unsaid', async (t) => {
  const policies: readonly ConflictPolicy[] = ['cloud-wins', 'edge-wins', 'park'];
  await fc.assert(
    fc.asyncProperty(
      dataOf,
      dataOf,
      fc.array(fc.record({ before: fc.nat(4), data: dataOf }), { maxLength: 4 }),
      fc.constantFrom(...policies),
      fc.constantFrom('queued' as const, 'sent' as const),
      async (base, edge, meddling, conflict, state) => {
        const cloud = new ObjectCloud();
        const known = cloud.put(path, objectOf('web', { data: base }));
        let requests = 0;
        /** What others had put there last. */
        let theirs: Readonly<Record<string, string>> = base;
        const busy: Cloud = {
          send: async (request) => {
            for (const { data } of meddling.filter((one) => one.before === requests)) {
              theirs = data;
              cloud.put(path, { ...cloud.objects.get(path)!, data });
            }
            requests += 1;
            return cloud.send(request);
          },
        };
        const entry = entryOf({
          before: known,
          after: { ...known, data: edge },
          cloudVersion: String((known.metadata as JsonObject).resourceVersion),
          conflict,
          state,
        });
        const outcome = await bring(entry, busy);
        const end = cloud.objects.get(path)!.data as Record<string, string>;
        for (const key of ['a', 'b', 'c']) {
          const isMine = edge[key] !== base[key];
          const isTheirs = theirs[key] !== base[key];
          if (!isMine) t.is(end[key], theirs[key], `${key} was not touched here`);
          else if (isTheirs && edge[key] !== theirs[key] && conflict !== 'edge-wins') {
            t.is(end[key], theirs[key]);
            t.is(outcome.kind, 'parked', `${key} was changed on both sides`);
          } else if (outcome.kind === 'done') t.is(end[key], edge[key], `${key} was changed here`);
        }
        t.true(requests <= 12);
      },
    ),
    { numRuns: 1000 },
  );
});

test('an object whose name is taken is merged into what is there, not made twice', async (t) => {
  const cloud = new ObjectCloud();
  cloud.put(path, objectOf('web', { uid: 'theirs', data: { b: '1' } }));
  const entry = entryOf({ op: 'create', after: objectOf('web', { uid: 'edge-1', data: { a: '1' } }) });
  const outcome = await bring(entry, cloud);
  t.is(outcome.kind, 'done');
  t.deepEqual(cloud.objects.get(path)?.data, { b: '1', a: '1' });
  t.is((cloud.objects.get(path)!.metadata as JsonObject).uid, 'theirs');
});

test('an Event that is there already is there', async (t) => {
  const cloud = new ObjectCloud();
  const entry = entryOf({ op: 'create', class: 'event', name: 'e', after: objectOf('e', { type: 'Normal' }) });
  await bring(entry, cloud);
  const again = await bring({ ...entry, state: 'sent' }, cloud);
  t.deepEqual([again.kind, cloud.objects.size], ['done', 1]);
  t.is((await bring(entry, cloud)).kind, 'done', 'also when it is sent blind');
});

test('what a life that died has sent of an Event does not come to stand over what was written since', async (t) => {
  const cloud = new ObjectCloud();
  const place = '/api/v1/namespaces/default/events/e';
  const made = cloud.put(place, objectOf('e', { uid: 'uid-1', metadata: {}, data: { count: '1' } }));
  const twice = { ...made, data: { count: '2' } };
  const patched = { class: 'event', name: 'e', op: 'update', verb: 'patch', conflict: 'edge-wins' } as const;
  const { resourceVersion } = made.metadata as JsonObject;
  const first = entryOf({ ...patched, before: made, after: twice, cloudVersion: String(resourceVersion) });
  const second = entryOf({ ...patched, before: twice, after: { ...made, data: { count: '3' } } });
  let late: CloudRequest | undefined;
  const dying: Cloud = {
    send: (request) => {
      late = request;
      return Promise.reject(connectionLost());
    },
  };
  await t.throwsAsync(bring(first, dying));
  t.is((await bring({ ...first, state: 'sent' }, cloud)).kind, 'done');
  t.is((await bring(second, cloud)).kind, 'done');
  t.is((await cloud.send(late!)).statusCode, 409);
  t.deepEqual(cloud.objects.get(place)?.data, { count: '3' });
  t.true(
    linesOf(cloud).every((line) => line.startsWith('PATCH')),
    'it is never read',
  );
});

test('a deletion names the uid that was meant, and a pod’s leaves it no more time', async (t) => {
  const cloud = new ObjectCloud();
  cloud.put('/api/v1/namespaces/default/pods/web', objectOf('web'));
  const outcome = await bring(entryOf({ op: 'delete', class: 'pod-delete' }), cloud);
  t.is(outcome.kind, 'done');
  t.deepEqual(JSON.parse(cloud.requests[0]!.body!.toString()), {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid: 'uid-1' },
    gracePeriodSeconds: 0,
  });
});

test('of a pod that was replaced under its name nothing is deleted', async (t) => {
  const conflict = answer(409, { kind: 'Status', message: 'the UID in the precondition does not match' });
  const cloud = scripted(conflict, answer(200, objectOf('web', { uid: 'another' })));
  const outcome = await bring(entryOf({ op: 'delete', class: 'pod-delete' }), cloud);
  t.is(outcome.kind, 'done');
  t.is(outcome.kind === 'done' ? outcome.reason : '', 'superseded');
  t.deepEqual(cloud.lines, ['DELETE pods/web as node', 'GET pods/web as node']);
});

test('a 404 or 403 of somebody who stands before the apiserver decides nothing', async (t) => {
  for (const [code, op] of [
    [404, 'delete'],
    [404, 'update'],
    [403, 'create'],
    [302, 'create'],
    [401, 'update'],
  ] as const) {
    const html = answer(code, {}, { 'content-type': 'text/html' });
    const outcome = await bring(entryOf({ op, state: 'sent' }), scripted(html));
    t.is(outcome.kind, 'later', `${code} to a ${op}`);
  }
});

test('an answer that is no object decides nothing', async (t) => {
  const portal = { statusCode: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') };
  const outcome = await bring(entryOf({ state: 'sent' }), { send: async () => portal });
  t.is(outcome.kind, 'later');
});

test('what the cloud refuses is parked with its words; 429 and 5xx put it off, for as long as asked', async (t) => {
  const create = entryOf({ op: 'create' });
  for (const code of [400, 403, 404, 405, 413, 415, 422]) {
    const outcome = await bring(create, scripted(answer(code, { kind: 'Status', message: 'because' })));
    t.like(outcome, { kind: 'parked', code, reason: `the cloud refused it (${code}): because` });
  }
  for (const code of [429, 500, 502, 503, 504]) {
    const outcome = await bring(create, scripted(answer(code, {}, { 'retry-after': '7' })));
    t.like(outcome, { kind: 'later', afterMs: 7000 });
  }
  t.is((await bring(create, scripted(answer(401, {})))).kind, 'unauthorized');
});

test('an Event of a namespace that is gone or going says nothing to anybody', async (t) => {
  const event = entryOf({ op: 'create', class: 'event' });
  const going = answer(403, { kind: 'Status', details: { causes: [{ reason: 'NamespaceTerminating' }] } });
  const gone = answer(404, { kind: 'Status', details: { kind: 'namespaces' } });
  for (const refusal of [going, gone]) {
    t.like(await bring(event, scripted(refusal)), { kind: 'done', reason: 'superseded' });
    t.is((await bring(entryOf({ op: 'create' }), scripted(refusal))).kind, 'parked');
  }
});

test('an object that everybody changes all the time is put off, not fought over', async (t) => {
  const cloud = scripted(answer(409, { kind: 'Status' }));
  let asks = 0;
  const busy: Cloud = {
    send: (request) => {
      asks += 1;
      return request.method === 'GET'
        ? Promise.resolve(answer(200, objectOf('web', { version: String(asks), data: { z: String(asks) } })))
        : cloud.send(request);
    },
  };
  t.is((await bring(entryOf({ cloudVersion: '10' }), busy)).kind, 'later');
  t.true(asks < 15);
});

test('a connection that is lost leaves the outcome open', async (t) => {
  await t.throwsAsync(bring(entryOf(), { send: () => Promise.reject(connectionLost()) }), {
    message: 'the connection was lost',
  });
});

test('what cannot be worked out is parked, and holds up nothing', async (t) => {
  const unreadable = {
    ownKeys: () => {
      throw new RangeError('too deep');
    },
  };
  const odd = { ...entryOf({ state: 'sent' }), after: new Proxy({}, unreadable) };
  const outcome = await bring(odd, scripted(answer(200, objectOf('web', { version: '20' }))));
  t.like(outcome, { kind: 'parked', reason: 'what to do with it could not be worked out: RangeError: too deep' });
});

test('a request goes out under the writer’s name: credential, user agent and field manager', async (t) => {
  const cloud = new ObjectCloud();
  await bring(entryOf({ op: 'create', fieldManager: 'a b&c' }), cloud, 'the-token');
  const [request] = cloud.requests;
  t.deepEqual(request!.credential, { kind: 'bearer', token: 'the-token' });
  t.is(request!.userAgent, 'test/1');
  t.is(request!.path, `${maps}?fieldManager=a%20b%26c`);
});

test('a deletion that finalizers hold up changes first, deletes then, and says what is still there', async (t) => {
  const metadata = { finalizers: ['example.com/f'] };
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  const before = objectOf('web', { version: '10', data: { a: '1' }, metadata });
  const after = objectOf('web', { data: { a: '2' }, metadata: { ...metadata, deletionTimestamp } });
  const changed = {
    ...before,
    data: { a: '2' },
    metadata: { ...(before.metadata as JsonObject), resourceVersion: '11' },
  };
  const deleting = { ...changed, metadata: { ...changed.metadata, deletionTimestamp } };
  const cloud = scripted(answer(200, before), answer(200, changed), answer(200, changed), answer(200, deleting));
  const outcome = await bring(entryOf({ before, after }), cloud);
  t.deepEqual(
    cloud.lines.map((line) => line.split(' ', 1)[0]),
    ['GET', 'PUT', 'GET', 'DELETE'],
  );
  t.deepEqual(outcome, { kind: 'done', reason: 'applied', object: deleting });
});

test('a writer who may not read what it writes has its write parked where it must be looked at, and the reason says so', async (t) => {
  const forbidden = answer(403, { kind: 'Status', message: 'configmaps "web" is forbidden: cannot get' });
  const conflict = answer(409, { kind: 'Status', message: 'modified' });
  const entry = entryOf({ cloudVersion: '10', token: 'of-the-writer', verb: 'patch' });
  const afterCrash = await bring({ ...entry, state: 'sent' }, scripted(forbidden), 'of-the-writer');
  t.like(afterCrash, { kind: 'parked', code: 403 });
  const outcome = await bring(entry, scripted(conflict, forbidden), 'of-the-writer');
  t.regex(outcome.kind === 'parked' ? outcome.reason : '', /its writer may not get it: .*403.*cannot get/);
});
