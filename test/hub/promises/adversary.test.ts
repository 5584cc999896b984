// What an adversary reading found: each test names what a client saw.
import test from 'ava';
import { configMap, eventually, nodeToken, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';
const watchList =
  'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=60';
const node = { [nodeToken]: { name: 'system:node:edge-1', groups: ['system:nodes'] } };

/** A token of the service account `default/app`, as far as one can tell by looking at it. */
function accountToken(signature: string): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { sub: 'system:serviceaccount:default:app', iss: 'https://issuer', jti: signature };
  return [encode({ alg: 'RS256' }), encode(claims), signature].join('.');
}

test('a WatchList that the cloud refuses takes the right back, online and offline', async (t) => {
  let mayRead = true;
  const hub = await startRunningHub({ authorize: (user) => user.name !== 'a' || mayRead });
  t.teardown(() => hub.stop());
  await hub.ask(settings, { token: 'token-of-a' });
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  mayRead = false;
  t.is((await hub.watch(`${settings}?${watchList}`, { token: 'token-of-a' })).status, 403);
  t.is((await hub.ask(`${settings}?resourceVersion=0`, { token: 'token-of-a' })).status, 403);
  await hub.cut();
  t.is((await hub.ask(settings, { token: 'token-of-a' })).status, 503);
});

test('a forged token does not take away the rights of the account that it names', async (t) => {
  const good = accountToken('c2lnMQ');
  const forged = accountToken('Zm9yZ2Vk');
  const hub = await startRunningHub({ tokens: { ...node, [good]: { name: 'app', groups: [] } } });
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  await hub.ask(settings, { token: good });
  await hub.ask('/api/v1/namespaces/default', { token: good });
  await hub.untilFollowed('v1/configmaps');
  t.is((await hub.ask(settings, { token: forged })).status, 401);
  t.is((await hub.watch(`${settings}?${watchList}`, { token: forged })).status, 401);
  t.is((await hub.ask('/api/v1/namespaces/default', { token: forged })).status, 401);
  await hub.cut();
  t.is((await hub.ask(settings, { token: good })).status, 200);
  t.is((await hub.ask('/api/v1/namespaces/default', { token: good })).status, 200);
  t.is((await hub.ask(settings, { token: forged })).status, 503);
});

test('a token that the cloud has withdrawn is not answered by the sync of another token of its account', async (t) => {
  const kept = accountToken('c2lnMQ');
  const withdrawn = accountToken('c2lnMg');
  const app = { name: 'app', groups: [] };
  const tokens: Record<string, { name: string; groups: string[] }> = { ...node, [kept]: app, [withdrawn]: app };
  const hub = await startRunningHub({ tokens });
  t.teardown(() => hub.stop());
  await hub.ask(settings, { token: kept });
  await hub.ask(settings, { token: withdrawn });
  await hub.untilFollowed('v1/configmaps');
  delete tokens[withdrawn];
  hub.cloud.faults.add({
    action: { kind: 'delay-headers', delayMs: 300 },
    matches: ({ resource, verb }) => resource === 'configmaps' && verb === 'list',
  });
  const before = hub.cloud.requests.length;
  const running = hub.watch(`${settings}?${watchList}`, { token: kept });
  await eventually(() => hub.cloud.requests.length > before); // the next ones wait for each other
  const answers = await Promise.all([
    running,
    hub.watch(`${settings}?${watchList}`, { token: kept }),
    hub.watch(`${settings}?${watchList}`, { token: withdrawn }),
  ]);
  t.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 401],
  );
});

test('a WatchList of its own that is cut in the midst of its initial events ends: it cannot be resumed', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  for (const name of ['c', 'b', 'a']) await hub.inCloud('POST', settings, configMap(name, { text: 'x'.repeat(2000) }));
  const accept = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  hub.cloud.faults.add({
    action: { kind: 'cut', afterBytes: 500 },
    matches: ({ resource, verb }) => resource === 'configmaps' && verb === 'watch',
    times: 1,
  });
  const watch = await hub.watch(`${settings}?${watchList}`, { headers: { accept } });
  await watch.ended;
  t.true(watch.events.filter(({ type }) => type === 'ADDED').length < 3);
});

// Symptom: offline, B lists objects of a cluster that never let B read anything. Rights and accepted tokens of the old
// cluster outlive it (Cache.#forgetAll).
test('what one cluster allowed does not open what another one holds', async (t) => {
  let mayRead = true;
  const hub = await startRunningHub({ authorize: (user) => user.name !== 'b' || mayRead });
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.ask(settings, { token: 'token-of-b' });
  await hub.cut();
  await hub.heal(); // now the hub knows the cluster's identity
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  hub.cloud.faults.becomeAnotherCluster(100_000);
  mayRead = false;
  await hub.inCloud('POST', settings, configMap('of-the-new-cluster'));
  await hub.heal();
  await eventually(async () => (await hub.ask(`${settings}/of-the-new-cluster?resourceVersion=0`)).status === 200);
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  t.is((await hub.ask(settings, { token: 'token-of-b' })).status, 503);
});

// Symptom: one 403 in passing (an apiserver that has just started does that) and the hub's own pods and node are not
// followed any more; five minutes later they are closed, and tokens bound to pods are unknown offline.
test('a refusal in passing does not end the following of the own node', async (t) => {
  let mayRead = true;
  const hub = await startRunningHub({ authorize: () => mayRead });
  t.teardown(() => hub.stop());
  mayRead = false;
  const before = hub.cloud.requests.length;
  hub.cloud.faults.endWatches();
  await eventually(() => hub.cloud.requests.slice(before).filter(({ url }) => url.includes('/pods?')).length > 0);
  await eventually(async () => {
    const { scopes } = (await hub.status()).json as { scopes: { gvr: string; following: boolean }[] };
    return scopes.every(({ gvr, following }) => gvr !== 'v1/pods' || !following);
  });
  mayRead = true;
  const followed = hub.untilFollowed('v1/pods').then(() => 'followed');
  const tooLate = new Promise((resolve) => setTimeout(() => resolve('not followed'), 5000));
  const outcome = await Promise.race([followed, tooLate]);
  if (outcome !== 'followed') await hub.ask('/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1'); // lets the wait end
  t.is(outcome, 'followed');
});

// Symptom: GET 200 while online, GET 404 a moment later offline, for the same client and object: the scope's stream was
// behind what the hub had forwarded (the same with what was created through the hub: 201, then 404).
test('what a client was shown through the hub is not absent when the link is cut', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  hub.cloud.faults.add({
    action: { kind: 'answer', code: 500 },
    matches: ({ resource, verb }) => resource === 'configmaps' && verb === 'watch',
  });
  hub.cloud.faults.endWatches();
  await eventually(async () => {
    const { scopes } = (await (await fetch(`${hub.adminUrl}/status`)).json()) as {
      scopes: { gvr: string; following: boolean }[];
    };
    return scopes.some(({ gvr, following }) => gvr === 'v1/configmaps' && !following);
  });
  await hub.inCloud('POST', settings, configMap('shown'));
  t.is((await hub.ask(`${settings}/shown`)).status, 200);
  await hub.cut();
  t.is((await hub.ask(`${settings}/shown`)).status, 200);
});
