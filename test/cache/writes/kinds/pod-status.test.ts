import test from 'ava';
import type { JsonObject } from '../../../../src/apimachinery/json.ts';
import { compute, isRefused, metadataOf, objectOf, patch, pods, present } from '../../../support/offline-write.ts';

const time = '2026-02-02T02:02:02Z';
const podWith = (restartPolicy: string, status: JsonObject = {}, metadata: JsonObject = {}) =>
  objectOf(pods, metadata, {
    spec: {
      nodeName: 'n',
      restartPolicy,
      containers: [{ name: 'app' }, { name: 'once', restartPolicy: 'Never', restartPolicyRules: [rule] }],
      initContainers: [{ name: 'first' }, { name: 'sidecar', restartPolicy: 'Always' }],
    },
    status: { qosClass: 'Burstable', ...status },
  });
const rule = { action: 'Restart', exitCodes: { operator: 'In', values: [3] } };
const write = (status: JsonObject) => patch(pods, { status }, { subresource: 'status' });
const after = (status: JsonObject, before = podWith('Always')) =>
  compute(write(status), present(before)).after!.status as JsonObject;

const ended = (name: string, exitCode: number) => ({ name, state: { terminated: { exitCode } } });
const started = (name: string) => ({ name, state: { running: { startedAt: time } } });

test('a container that has ended runs again only where it is to be restarted', (t) => {
  const cases = [
    ['Always', 'app', 0, true],
    ['Always', 'app', 1, true],
    ['OnFailure', 'app', 0, false],
    ['OnFailure', 'app', 1, true],
    ['Never', 'app', 1, false],
    ['Always', 'once', 1, false],
    ['Always', 'once', 3, true],
    ['Never', 'stranger', 0, false],
  ] as const;
  for (const [policy, name, exitCode, may] of cases) {
    const before = podWith(policy, { containerStatuses: [ended(name, exitCode)] });
    const words = `${policy} ${name} ${exitCode}`;
    const request = write({ containerStatuses: [started(name)] });
    if (may) t.is(compute(request, present(before)).op, 'update', words);
    else isRefused(t, 422, request, present(before), ['status.containerStatuses[0].state']);
  }
  const init = podWith('Never', { initContainerStatuses: [ended('first', 1), ended('sidecar', 1)] });
  const both = [started('first'), started('sidecar')];
  isRefused(t, 422, write({ initContainerStatuses: both }), present(init), ['status.initContainerStatuses[0].state']);
  const sidecar = [ended('first', 1), started('sidecar')];
  t.is(compute(write({ initContainerStatuses: sidecar }), present(init)).op, 'update');
});

test('the first of its addresses is the address of a pod', (t) => {
  t.deepEqual(after({ podIPs: [{ ip: '10.1.0.4' }, { ip: 'fd00::4' }] }).podIP, '10.1.0.4');
  const moved = podWith('Always', { podIP: '10.1.0.4', podIPs: [{ ip: '10.1.0.4' }] });
  t.deepEqual(after({ podIP: '10.1.0.5', podIPs: null }, moved).podIPs, [{ ip: '10.1.0.5' }]);
});

test('addresses are addresses, at most one of each family, and those of the host agree', (t) => {
  const refuses = (status: JsonObject, field: string) =>
    isRefused(t, 422, write(status), present(podWith('Always')), [field]);
  refuses({ podIPs: [{ ip: 'x' }] }, 'status.podIPs[0]');
  refuses({ podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }] }, 'status.podIPs');
  refuses({ hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.2' }] }, 'status.hostIPs[0].ip');
});

test('what a client does not say about generations stays as it was', (t) => {
  const ready = { type: 'Ready', status: 'False', observedGeneration: 4 };
  const before = podWith('Always', { observedGeneration: 4, conditions: [ready] });
  const next = after(
    { conditions: [{ type: 'Ready', status: 'True', observedGeneration: 0 }], observedGeneration: 0 },
    before,
  );
  t.is(next.observedGeneration, 4);
  t.like((next.conditions as JsonObject[])[0], { status: 'True', observedGeneration: 4 });
  isRefused(t, 422, write({ observedGeneration: -1 }), present(before), ['status.observedGeneration']);
});

test('the class of service stays, conditions have sound names, a pod on a node is nominated for no other', (t) => {
  const before = podWith('Always');
  t.is(after({ phase: 'Running', qosClass: null }).qosClass, 'Burstable');
  isRefused(t, 422, write({ qosClass: 'Guaranteed' }), present(before), ['status.qosClass']);
  const odd = { conditions: [{ type: 'not good', status: 'True' }] };
  isRefused(t, 422, write(odd), present(before), ['status.conditions[0].Type']);
  isRefused(t, 422, write({ nominatedNodeName: 'm' }), present(before), ['status.nominatedNodeName']);
});

test('a write to the status of a pod changes neither its spec nor its owners, and revives nothing', (t) => {
  const owners = [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u' }];
  const before = podWith(
    'Always',
    {},
    { ownerReferences: owners, deletionTimestamp: time, deletionGracePeriodSeconds: 30 },
  );
  const metadata = { ownerReferences: null, deletionTimestamp: null, labels: { a: 'b' } };
  const request = patch(
    pods,
    { metadata, spec: { nodeName: 'm' }, status: { phase: 'Running' } },
    { subresource: 'status' },
  );
  const made = compute(request, present(before)).after!;
  t.deepEqual(metadataOf(made).ownerReferences, owners);
  t.is(metadataOf(made).deletionTimestamp, time);
  t.like(made.spec, { nodeName: 'n' });
  t.like(made.status, { phase: 'Running' });
});

test('what the scheduler and the resource claims say in a status is theirs', (t) => {
  const claims = { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'b' }] };
  isRefused(t, 503, write(claims), present(podWith('Always')));
});
