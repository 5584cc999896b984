// Events are counted up while the cloud is away, also those that it has.
import test from 'ava';
import { eventually, startRunningHub } from '../../support/running-hub.ts';

const events = '/api/v1/namespaces/default/events';
const event = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name },
  involvedObject: { kind: 'Node', name: 'edge-1' },
  reason: 'BackOff',
  type: 'Warning',
  count: 1,
});
const again = (count: number) => ({
  method: 'PATCH',
  headers: { 'content-type': 'application/strategic-merge-patch+json' },
  body: { count, lastTimestamp: '2026-01-01T00:00:00Z' },
});

test('an Event that was made before the cut is counted up during it, above the version that its writer was told', async (t) => {
  const hub = await startRunningHub({}, ['--replay-jitter', '0s']);
  t.teardown(() => hub.stop());
  const made = await hub.ask(events, { method: 'POST', body: event('early') });
  t.is(made.status, 201, made.text);
  await hub.cut();
  const counted = await hub.ask(`${events}/early`, again(2));
  t.is(counted.status, 200, counted.text);
  t.like(counted.json, { count: 2, reason: 'BackOff', metadata: { uid: made.json.metadata.uid } });
  t.true(BigInt(counted.json.metadata.resourceVersion) > BigInt(made.json.metadata.resourceVersion));
  t.is((await hub.ask(`${events}/never-made`, again(2))).status, 503, 'the cloud may have it, or not');
  await hub.heal();
  await eventually(async () => (await hub.inCloud('GET', `${events}/early`)).json.count === 2);
});
