// Writes whose answer is lost on the way, on the real apiserver: kept where they may be and done once, whether the cloud had
// them already or not; anything else is told the truth.
import test, { type ExecutionContext } from 'ava';
import type { Answer, ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import type { Fault } from './fault.ts';
import { type Lab, nodeName, startLab } from './lab.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { headers: { 'content-type': 'application/merge-patch+json' } };
const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
const late: Fault = { kind: 'delay', headersMs: 60_000 };

let lab: Lab;
let token: string;
test.before(async () => {
  lab = await startLab({ hubArguments: ['--replay-jitter', '0s', '--offline-writes', 'configmaps'] });
  token = await lab.account('default', 'writer', all);
});
test.after.always(() => lab?.stop());

/** Sends it, cuts the link once the proxy has it (and `isThere`, if given), heals once it is answered. */
async function loseAnswer(
  fault: Fault,
  [method, path, body, options]: [string, string, object, { headers: Record<string, string> }?],
  { client = lab.as(token), isThere }: { client?: ApiClient; isThere?: () => Promise<boolean> } = {},
): Promise<Answer> {
  const end = lab.proxy.inject(fault, (request) => request.method === method, 1);
  const before = lab.proxy.requests.length;
  const answered = client.request(method, path, body, options);
  await eventually('the request is with the cloud', async () => {
    const isSent = lab.proxy.requests.slice(before).some((request) => request.method === method);
    return isSent && (isThere === undefined || (await isThere()));
  });
  await lab.relay.set('reset');
  const answer = await answered;
  end();
  await lab.heal();
  return answer;
}

const inCloud = async (name: string) => (await lab.plane.admin.request('GET', `${maps}/${name}`)).body;

async function untilHeard(name: string, t: ExecutionContext): Promise<void> {
  await eventually('the hub shows what the cloud has', async () => {
    const seen = await lab.as(token).request('GET', `${maps}/${name}`);
    return seen.body.metadata?.resourceVersion === (await inCloud(name)).metadata.resourceVersion;
  });
  t.pass();
}

test.serial('a write that the cloud had when its answer was lost is acknowledged and done once', async (t) => {
  const { status } = await lab.as(token).request('POST', maps, { metadata: { name: 'twice' }, data: { a: '1' } });
  t.is(status, 201);
  await lab.as(token).expect('PATCH', `${maps}/twice`, { data: { a: '2' } }, merge);
  const answer = await loseAnswer(late, ['PATCH', `${maps}/twice`, { data: { a: '3' } }, merge], {
    isThere: async () => (await inCloud('twice')).data.a === '3',
  });
  t.is(answer.status, 200, answer.raw.toString());
  t.is(answer.body.data.a, '3');
  const { resourceVersion } = (await inCloud('twice')).metadata;
  await untilHeard('twice', t);
  t.is((await inCloud('twice')).metadata.resourceVersion, resourceVersion);
});

test.serial('a write that never came there is acknowledged and brought there', async (t) => {
  await lab.as(token).expect('POST', maps, { metadata: { name: 'never' }, data: { a: '1' } });
  await lab.as(token).expect('PATCH', `${maps}/never`, { data: { a: '2' } }, merge);
  const answer = await loseAnswer({ kind: 'silence' }, ['PATCH', `${maps}/never`, { data: { a: '3' } }, merge]);
  t.is(answer.status, 200, answer.raw.toString());
  await eventually('the cloud has it', async () => (await inCloud('never')).data.a === '3');
});

test.serial('an Event that was made there when the answer was lost is not made again', async (t) => {
  const events = '/api/v1/namespaces/default/events';
  const inCloud = async () => (await lab.plane.admin.request('GET', `${events}/made`)).body;
  const made = {
    metadata: { name: 'made' },
    involvedObject: { kind: 'Node', name: nodeName },
    reason: 'Tested',
    type: 'Normal',
  };
  const answer = await loseAnswer(late, ['POST', events, made], {
    client: lab.node,
    isThere: async () => (await inCloud()).reason === 'Tested',
  });
  t.is(answer.status, 201, answer.raw.toString());
  const { uid, resourceVersion } = (await inCloud()).metadata;
  const posts = () => lab.proxy.requests.filter(({ method, path }) => method === 'POST' && path.startsWith(events));
  await eventually('the cloud has been told again', () => posts().length > 1);
  const { metadata } = await inCloud();
  t.deepEqual([metadata.uid, metadata.resourceVersion], [uid, resourceVersion]);
});

test.serial('what is not kept here is answered 504: its outcome is not known', async (t) => {
  const named = { metadata: { generateName: 'some-' }, data: { a: '1' } };
  const generated = await loseAnswer(late, ['POST', maps, named]);
  t.is(generated.status, 504);
  t.is(generated.body.kind, 'Status');
  t.regex(generated.body.message, /outcome is unknown/);
  const patch = { metadata: { labels: { a: 'b' } } };
  const foreign = await loseAnswer(late, ['PATCH', '/api/v1/namespaces/default', patch, merge]);
  t.is(foreign.status, 504);
});
