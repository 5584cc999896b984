import test, { type ExecutionContext } from 'ava';
import { splitList } from '../../src/apimachinery/list-splitter.ts';
import { readListItem } from '../../src/apimachinery/object.ts';
import { ask, until } from '../support/demo-client.ts';
import { startTestedControlPlane, type TestedControlPlane } from '../support/demo-control-plane.ts';

async function withFive(t: ExecutionContext): Promise<TestedControlPlane> {
  const tested = await startTestedControlPlane(t);
  for (const name of ['a', 'b', 'c', 'd', 'e']) tested.putConfigMap(name, { half: name < 'c' ? 'first' : 'second' });
  return tested;
}

const names = (list: { items: readonly { metadata: { name: string } }[] }): string =>
  list.items.map(({ metadata }) => metadata.name).join('');

test('each combination of resourceVersion and match is refused or taken as the validation says', async (t) => {
  const { at, plane } = await withFive(t);
  const now = plane.store.revision;
  const table: readonly (readonly [query: string, status: number, message?: RegExp])[] = [
    ['', 200],
    ['resourceVersion=0', 200],
    [`resourceVersion=${now}`, 200],
    [`resourceVersion=${now}&resourceVersionMatch=NotOlderThan`, 200],
    [`resourceVersion=${now}&resourceVersionMatch=Exact`, 200],
    ['resourceVersion=0&resourceVersionMatch=NotOlderThan', 200],
    ['resourceVersion=0&resourceVersionMatch=Exact', 422, /is forbidden for resourceVersion "0"/],
    ['resourceVersionMatch=Exact', 422, /forbidden unless resourceVersion is provided/],
    ['resourceVersionMatch=NotOlderThan', 422, /forbidden unless resourceVersion is provided/],
    [`resourceVersion=${now}&resourceVersionMatch=Newest`, 422, /Unsupported value: "Newest"/],
    ['resourceVersion=x', 400, /invalid resource version/],
    ['resourceVersion=-1', 400, /invalid resource version/],
    ['sendInitialEvents=true', 422, /sendInitialEvents is forbidden for list/],
    ['sendInitialEvents=false', 422, /sendInitialEvents is forbidden for list/],
    ['limit=x', 400],
    ['continue=x', 400, /continue key is not valid/],
    [`continue=x&resourceVersion=${now}&resourceVersionMatch=Exact`, 422, /forbidden when continue is provided/],
    ['labelSelector=a%20in', 400],
    ['fieldSelector=data.x%3D1', 400, /not a known field selector/],
    ['fieldSelector=metadata.name%3Da', 200],
  ];
  for (const [query, status, message] of table) {
    const answer = await ask(at(`/configmaps?${query}`));
    t.is(answer.status, status, query);
    if (message !== undefined) t.regex(answer.body.message, message, query);
    if (status !== 200) t.is(answer.body.kind, 'Status', query);
  }
});

test('the pages of a list show one moment, whatever is written between them', async (t) => {
  const { at, plane, putConfigMap } = await withFive(t);
  const first = (await ask(at('/configmaps?limit=2'))).body;
  t.is(first.metadata.remainingItemCount, 3);
  putConfigMap('aa');
  await ask(at('/configmaps/d'), { method: 'DELETE' });
  const second = (await ask(at(`/configmaps?limit=2&continue=${first.metadata.continue}`))).body;
  const third = (await ask(at(`/configmaps?limit=2&continue=${second.metadata.continue}`))).body;
  t.is(names(first) + names(second) + names(third), 'abcde');
  t.deepEqual(
    [second.metadata.resourceVersion, third.metadata.resourceVersion],
    Array(2).fill(first.metadata.resourceVersion),
  );
  t.is(third.metadata.continue, undefined);
  t.true(plane.store.revision > Number(first.metadata.resourceVersion));
});

test('a page token that history has outlived is 410 with a token for the rest as it is now', async (t) => {
  const { at, plane, putConfigMap } = await withFive(t);
  const first = (await ask(at('/configmaps?limit=2'))).body;
  putConfigMap('bb');
  plane.faults.compactHistory();
  const refused = await ask(at(`/configmaps?limit=2&continue=${first.metadata.continue}`));
  t.like(refused, { status: 410, body: { reason: 'Expired' } });
  const rest = (await ask(at(`/configmaps?continue=${refused.body.metadata.continue}`))).body;
  t.is(rest.items.map((item: { metadata: { name: string } }) => item.metadata.name).join(), 'bb,c,d,e');
});

test('resourceVersion=0 ignores the limit; an exact version shows the past, until it is compacted', async (t) => {
  const { at, plane } = await withFive(t);
  const then = plane.store.revision;
  await ask(at('/configmaps/a'), { method: 'DELETE' });
  t.is(names((await ask(at('/configmaps?resourceVersion=0&limit=1'))).body), 'bcde');
  const exact = at(`/configmaps?resourceVersion=${then}&resourceVersionMatch=Exact`);
  t.is(names((await ask(exact)).body), 'abcde');
  t.is((await ask(exact)).body.metadata.resourceVersion, String(then));
  t.is(names((await ask(at(`/configmaps?resourceVersion=${then}&resourceVersionMatch=NotOlderThan`))).body), 'bcde');
  t.is(
    names((await ask(at(`/configmaps?resourceVersion=${then}&limit=1`))).body),
    'a',
    'limit with a version has always been exact',
  );
  plane.faults.compactHistory();
  t.like(await ask(exact), { status: 410, body: { reason: 'Expired' } });
});

test('a version that is not there yet is waited for, then refused with a Timeout that says so', async (t) => {
  const { at, plane, clock, putConfigMap } = await withFive(t);
  const next = plane.store.revision + 1;
  for (const path of [`/configmaps?resourceVersion=${next}`, `/configmaps/a?resourceVersion=${next}`]) {
    const early = ask(at(path));
    await until(() => clock.pendingTimers > 0);
    clock.advance(3_000);
    const { status, headers, body } = await early;
    t.deepEqual([status, headers['retry-after']], [504, '1']);
    t.is(body.details.causes[0].reason, 'ResourceVersionTooLarge');
  }
  const inTime = ask(at(`/configmaps?resourceVersion=${next}`));
  await until(() => clock.pendingTimers > 0);
  putConfigMap('f');
  t.is(names((await inTime).body), 'abcdef');
  t.is(clock.pendingTimers, 0);
});

test('remainingItemCount is only told where it can be known: without selectors', async (t) => {
  const { at } = await withFive(t);
  const selected = (await ask(at('/configmaps?limit=1&labelSelector=half%3Dsecond'))).body;
  t.is(names(selected), 'c');
  t.truthy(selected.metadata.continue);
  t.false('remainingItemCount' in selected.metadata);
});

test('typed lists are written as Go structs, custom resources as Go maps, and both read back byte for byte', async (t) => {
  const { at, plane, put } = await withFive(t);
  put('edge.example.com/v1/sensors', { metadata: { name: 's' }, spec: { unit: '<m>' } });
  const typed = await ask(at('/configmaps?limit=1'));
  t.regex(
    typed.raw.toString(),
    /^\{"kind":"ConfigMapList","apiVersion":"v1","metadata":\{"resourceVersion":"\d+","continue":"/,
  );
  t.regex(typed.raw.toString(), /"items":\[\{"metadata":\{"name":"a"/);
  const sensors = `${plane.url}/apis/edge.example.com/v1/namespaces/test/sensors`;
  const custom = await ask(sensors);
  t.regex(
    custom.raw.toString(),
    /^\{"apiVersion":"edge\.example\.com\/v1","items":\[\{"apiVersion":.*"unit":"\\u003cm\\u003e"/,
  );
  t.regex(custom.raw.toString(), /\],"kind":"SensorList","metadata":\{"continue":"","resourceVersion":"\d+"\}\}\n$/);
  for (const [answer, gvr, url] of [
    [typed, { group: '', version: 'v1', resource: 'configmaps' }, at('/configmaps/a')],
    [custom, { group: 'edge.example.com', version: 'v1', resource: 'sensors' }, `${sensors}/s`],
  ] as const) {
    const list = splitList(answer.raw);
    const object = readListItem(gvr, list.items[0]!, list);
    t.is(`${object.body}\n`, (await ask(url)).raw.toString());
  }
});

test('a list over 128 KiB is gzipped for those who take it', async (t) => {
  const { at, put } = await startTestedControlPlane(t);
  for (let index = 0; index < 20; index += 1) {
    put('v1/configmaps', { metadata: { name: `big-${index}` }, data: { text: 'x'.repeat(10_000) } });
  }
  const headers = { 'accept-encoding': 'gzip' };
  t.is((await ask(at('/configmaps'), { headers })).headers['content-encoding'], 'gzip');
  t.is((await ask(at('/configmaps'))).headers['content-encoding'], undefined);
  t.is((await ask(at('/configmaps/big-1'), { headers })).headers['content-encoding'], undefined);
});
