import test from 'ava';
import { AnotherClusterError, CloudIdentityCheck, type ClusterIdentity } from '../../src/cache/cluster-check.ts';
import { VersionRegressedError } from '../../src/cache/errors.ts';
import { ScriptedTransport, settled } from '../support/scripted-transport.ts';

const forever = new AbortController().signal;

function stageOf(known: { uid?: string; newest?: string } = {}) {
  const transport = new ScriptedTransport();
  const log: string[] = [];
  let cluster: ClusterIdentity | undefined = known.uid === undefined ? undefined : { uid: known.uid };
  let newest = known.newest ?? '';
  const check = new CloudIdentityCheck({
    transport,
    newestVersion: () => newest,
    remembered: () => cluster,
    remember: (identity) => {
      cluster = identity;
      log.push(`remembered ${identity.uid}`);
    },
    onAnotherCluster: (error) => {
      newest = '';
      log.push(error.name);
    },
    onBlind: (error) => log.push(`blind ${error.statusCode}`),
  });
  return { check, transport, log };
}

function service(uid: string): string {
  return JSON.stringify({ metadata: { name: 'kubernetes', namespace: 'default', uid, resourceVersion: '200' } });
}

test('one small read of the Service default/kubernetes with the node’s own credential tells', async (t) => {
  const { check, transport, log } = stageOf();
  const verified = check.verify(forever);
  const { request, url, ...pending } = await transport.next();
  t.is(url.pathname, '/api/v1/namespaces/default/services');
  t.is(url.searchParams.get('fieldSelector'), 'metadata.name=kubernetes');
  t.false(url.searchParams.has('resourceVersion'), 'the most recent state, or the version would say nothing');
  t.is(request.credential.kind, 'node');
  t.truthy(pending);
  transport.all[0]!.list(300, [service('one')]);
  await verified;
  t.deepEqual(log, ['remembered one']);
});

test('the same cluster at the same version or a later one passes', async (t) => {
  for (const version of ['1000', '1001']) {
    const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
    const verified = check.verify(forever);
    (await transport.next()).list(version, [service('one')]);
    await verified;
    t.deepEqual(log, []);
  }
});

test('another uid is another cluster: everything is forgotten before it is remembered, and nobody passes', async (t) => {
  const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
  const verified = check.verify(forever).catch((error: unknown) => {
    log.push('rejected');
    throw error;
  });
  (await transport.next()).list(5000, [service('two')]);
  await t.throwsAsync(verified, { instanceOf: AnotherClusterError });
  t.deepEqual(log, ['AnotherClusterError', 'remembered two', 'rejected']);
  const again = check.verify(forever);
  (await transport.next()).list(5001, [service('two')]);
  await t.notThrowsAsync(again);
});

test('a lower version is another past of this cluster: everything is forgotten, and nobody passes', async (t) => {
  const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
  const verified = check.verify(forever);
  (await transport.next()).list(999, [service('one')]);
  await t.throwsAsync(verified, { instanceOf: VersionRegressedError });
  t.deepEqual(log, ['VersionRegressedError']);
  const again = check.verify(forever);
  (await transport.next()).list(999, [service('one')]);
  await t.notThrowsAsync(again);
});

test('a cluster without that Service is told apart by its version alone', async (t) => {
  const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
  const verified = check.verify(forever);
  (await transport.next()).list(1000, []);
  await verified;
  t.deepEqual(log, []);
});

for (const code of [401, 403, 404]) {
  test(`a node that may not look (${code}) passes, and it is said that nothing can be told apart`, async (t) => {
    const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
    const verified = check.verify(forever);
    (await transport.next()).status(code);
    await verified;
    t.deepEqual(log, [`blind ${code}`]);
  });
}

test('a 403 that some load balancer wrote tells nothing: nobody passes', async (t) => {
  const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
  const verified = check.verify(forever);
  (await transport.next()).answer(403, '<html>forbidden</html>', { 'content-type': 'text/html' });
  await t.throwsAsync(verified);
  t.deepEqual(log, []);
});

test('a cloud that does not answer, or not with sense, tells nothing: nobody passes and nothing is forgotten', async (t) => {
  const { check, transport, log } = stageOf({ uid: 'one', newest: '1000' });
  const unreachable = check.verify(forever);
  (await transport.next()).fail(new Error('unreachable'));
  await t.throwsAsync(unreachable, { message: 'unreachable' });
  const broken = check.verify(forever);
  (await transport.next()).status(500);
  await t.throwsAsync(broken);
  t.deepEqual(log, []);
  const fine = check.verify(forever);
  (await transport.next()).list(1001, [service('one')]);
  await fine;
  t.is(transport.all.length, 3, 'a failed look is not kept');
});

test('one look is shared by all who ask while it lasts and after it, until the next doubt', async (t) => {
  const { check, transport } = stageOf();
  const all = [check.verify(forever), check.verify(forever)];
  (await transport.next()).list(300, [service('one')]);
  await Promise.all(all);
  await check.verify(forever);
  t.is(transport.all.length, 1);
  check.doubt();
  check.doubt();
  const again = [check.verify(forever), check.verify(forever)];
  (await transport.next()).list(301, [service('one')]);
  await Promise.all(again);
  t.is(transport.all.length, 2);
});

test('a doubt that comes while somebody looks is looked into by the next one who asks', async (t) => {
  const { check, transport } = stageOf();
  const first = check.verify(forever);
  const look = await transport.next();
  check.doubt();
  const second = check.verify(forever);
  const again = await transport.next();
  look.fail(new Error('cut'));
  await t.throwsAsync(first);
  again.list(300, [service('one')]);
  await second;
  await check.verify(forever);
  t.is(transport.all.length, 2, 'the failure of the first look takes nothing from the second');
});

test('who leaves does not end the look for the others', async (t) => {
  const { check, transport } = stageOf();
  const leaving = new AbortController();
  const first = check.verify(leaving.signal);
  const second = check.verify(forever);
  const look = await transport.next();
  leaving.abort(new Error('closed'));
  await t.throwsAsync(first, { message: 'closed' });
  t.false(look.request.signal.aborted);
  look.list(300, [service('one')]);
  await t.notThrowsAsync(second);
});

test('when all have left nobody looks any more, and the next one looks anew', async (t) => {
  const { check, transport } = stageOf();
  const leaving = new AbortController();
  const first = check.verify(leaving.signal);
  const look = await transport.next();
  leaving.abort(new Error('closed'));
  await t.throwsAsync(first, { message: 'closed' });
  t.true(look.request.signal.aborted);
  await settled();
  const second = check.verify(forever);
  (await transport.next()).list(300, [service('one')]);
  await t.notThrowsAsync(second);
});

test('who has left already does not look', async (t) => {
  const { check, transport } = stageOf();
  await t.throwsAsync(check.verify(AbortSignal.abort(new Error('closed'))), { message: 'closed' });
  t.is(transport.all.length, 0);
});
