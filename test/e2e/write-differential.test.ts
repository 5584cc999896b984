// Hundreds of random writes, sent to a real kube-apiserver and computed by us from what it showed just before.
//   WRITE_SEED=n WRITES_PER_KIND=n WRITE_KEEP_GOING=1    default: another seed each run, 150 writes of each kind
import test from 'ava';
import type { Known } from '../../src/cache/writes/compute-write.ts';
import type { WriteRequest } from '../../src/cache/writes/write-request.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { compare, compute } from './write-differential/compare.ts';
import {
  gadgets,
  type Loose,
  namespace,
  nodeName,
  type TestedKind,
  testedKinds,
  widgets,
} from './write-differential/kinds.ts';
import { type Random, seededRandom } from './write-differential/random.ts';
import { draw, requestFor } from './write-differential/random-write.ts';

const seed = Number(process.env.WRITE_SEED ?? Date.now() % 1_000_000);
const writesPerKind = Number(process.env.WRITES_PER_KIND ?? 150);

let plane: ControlPlane;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  plane = await startControlPlane();
  await plane.createNamespace(namespace);
  for (const kind of [widgets, gadgets]) await defineCustom(kind);
  await plane.admin.expect('POST', '/api/v1/nodes', { metadata: { name: nodeName } });
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const claim = { metadata: { name: 'claim' }, spec };
  await plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/persistentvolumeclaims`, claim);
});
test.after.always(() => plane?.stop());

async function defineCustom({ gvr, kind, customStatus }: TestedKind): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema,
    ...(customStatus && { subresources: { status: {} } }),
  };
  const names = { plural: gvr.resource, singular: kind.toLowerCase(), kind, listKind: `${kind}List` };
  await plane.admin.expect('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${gvr.resource}.${gvr.group}` },
    spec: { group: gvr.group, scope: 'Namespaced', names, versions: [version] },
  });
  const path = `/apis/${gvr.group}/v1/namespaces/${namespace}/${gvr.resource}`;
  for (;;) if ((await plane.request('GET', path)).status === 200) return;
}

/** Pods of each restart policy, made again when they are gone. */
async function makePods(): Promise<void> {
  const policies = { never: 'Never', always: 'Always', 'on-failure': 'OnFailure' };
  for (const [name, restartPolicy] of Object.entries(policies)) {
    const containers = [
      { name: 'app', image: 'app' },
      { name: 'side', image: 'side' },
      {
        name: 'ruled',
        image: 'ruled',
        restartPolicy: 'Never',
        restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }],
      },
    ];
    const initContainers = [
      { name: 'first', image: 'first' },
      { name: 'sidecar', image: 'sidecar', restartPolicy: 'Always' },
    ];
    const spec = { nodeName, restartPolicy, containers, initContainers };
    const made = await plane.request('POST', `/api/v1/namespaces/${namespace}/pods`, { metadata: { name }, spec });
    if (![201, 409].includes(made.status)) throw new Error(`no pod ${name}: ${JSON.stringify(made.body)}`);
  }
}

function pathOf({ gvr, namespace: inNamespace, name, subresource }: WriteRequest | Loose): string {
  const root = gvr.group === '' ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  const parts = [...(inNamespace ? ['namespaces', inNamespace] : []), gvr.resource, name, subresource];
  return `${root}/${parts.filter((part) => part !== '').join('/')}`;
}

const contentTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};
const methods = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE', deletecollection: 'DELETE' };

function send(request: WriteRequest) {
  const { gracePeriodSeconds, propagationPolicy } = request.query;
  const query = new URLSearchParams();
  if (gracePeriodSeconds !== undefined) query.set('gracePeriodSeconds', String(gracePeriodSeconds));
  if (propagationPolicy !== undefined) query.set('propagationPolicy', propagationPolicy);
  const search = query.size === 0 ? '' : `?${query}`;
  const headers = request.patchType === undefined ? {} : { 'content-type': contentTypes[request.patchType] };
  return plane.request(methods[request.verb], `${pathOf(request)}${search}`, request.body, { headers });
}

async function read(kind: TestedKind, name: string): Promise<Loose> {
  if (name === '') return undefined;
  const where = { gvr: kind.gvr, namespace: kind.isNamespaced ? namespace : '', name, subresource: '' };
  const answer = await plane.request('GET', pathOf({ ...where, name: encodeURIComponent(name) }));
  return answer.status === 200 ? answer.body : undefined;
}

/** What is held by finalizers, or by grace, is let go from time to time: else all names end there. */
async function letGo(random: Random, kind: TestedKind, name: string, present: Loose): Promise<void> {
  if (present?.metadata.deletionTimestamp === undefined || !random.isLucky(40)) return;
  const where = pathOf({ gvr: kind.gvr, namespace: kind.isNamespaced ? namespace : '', name, subresource: '' });
  await plane.request('PATCH', where, { metadata: { finalizers: null } });
  await plane.request('DELETE', where, { gracePeriodSeconds: 0 });
}

function shown(value: Loose): string {
  return (JSON.stringify(value, (key, one) => (key === 'managedFields' ? undefined : one)) ?? 'nothing').slice(0, 2500);
}

function inWords(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([label, count]) => `${label}: ${count}`)
    .sort()
    .join(', ');
}

/** What may be refused here although the cloud would decide it, and nothing else: each is counted and shown. */
const undecided: readonly RegExp[] = [
  /what stands in spec of a \w+ is for the cloud to change/,
  /new pods are admitted and scheduled by the cloud/,
  /new nodes are admitted by the cloud/,
  /it says that it is of \S+/,
  /the field \S+ is not known here, so it may be lost/,
];

for (const kind of testedKinds) {
  test.serial(
    `${writesPerKind} random writes of ${kind.title ?? kind.kind} (${kind.gvr.group || 'core'}) end as on the real apiserver`,
    async (t) => {
      const random = seededRandom(seed);
      const counts = new Map<string, number>();
      const undecidedHere = new Map<string, number>();
      const withoutReason: string[] = [];
      for (let i = 0; i < writesPerKind; i += 1) {
        if (kind.kind === 'Pod') await makePods();
        const drawn = draw(random, kind);
        const present = await read(kind, drawn.name);
        const request = requestFor(random, drawn, present);
        const target = request.verb === 'create' ? ((request.body as Loose).metadata.name ?? '') : drawn.name;
        const before = target === drawn.name ? present : await read(kind, target);
        const answer = await send(request);
        const known: Known = before === undefined ? { state: 'absent' } : { state: 'present', object: before };
        const readBack = await read(kind, target || (answer.status === 201 ? answer.body.metadata.name : ''));
        const ours = compute(request, known, answer, kind.customStatus);
        const verdict = compare(ours, answer, before, readBack);
        const label =
          verdict.is === 'undecided' ? `503 instead of ${verdict.wouldBe}` : `${answer.status} ${request.verb}`;
        counts.set(label, (counts.get(label) ?? 0) + 1);
        if (verdict.is === 'different') {
          const { ours: left, theirs: right } = verdict;
          t.log(`seed ${seed}, write ${i}: ${shown({ request, before })}`);
          t.log(`${verdict.what}: ours ${shown(left)}`);
          t.log(`${verdict.what}: theirs ${shown(right)}`);
          t.fail(`write ${i}: ${verdict.what} differs`);
          if (process.env.WRITE_KEEP_GOING === undefined) return;
        }
        if (verdict.is === 'undecided') {
          const reason = undecided.map((one) => one.exec(verdict.why)?.[0]).find((words) => words !== undefined);
          if (reason === undefined) withoutReason.push(`write ${i}: ${verdict.why}`);
          else undecidedHere.set(reason, (undecidedHere.get(reason) ?? 0) + 1);
        }
        await letGo(random, kind, drawn.name, readBack);
      }
      t.log(`WRITE_SEED=${seed}`, inWords(counts));
      if (undecidedHere.size > 0) t.log(`refused here: ${inWords(undecidedHere)}`);
      t.deepEqual(withoutReason, []);
    },
  );
}
