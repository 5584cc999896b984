// One random write on one kind: verb, body, query and what stands there now are put together to a request.
import type { PatchType, WriteRequest } from '../../../src/cache/writes/write-request.ts';
import { type Loose, namespace, type TestedKind } from './kinds.ts';
import type { Random } from './random.ts';

export interface Drawn {
  readonly kind: TestedKind;
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly subresource: string;
  readonly name: string;
}

export function draw(random: Random, kind: TestedKind): Drawn {
  const verb = random.pick(kind.verbs);
  const subresource = verb === 'update' || verb === 'patch' ? random.pick(kind.subresources) : '';
  return { kind, verb, subresource, name: random.pick(kind.names) };
}

/** @param present what a GET gave just before, undefined for a 404 */
export function requestFor(random: Random, { kind, verb, subresource, name }: Drawn, present: Loose): WriteRequest {
  const apiVersion = kind.gvr.group === '' ? kind.gvr.version : `${kind.gvr.group}/${kind.gvr.version}`;
  const common = {
    verb,
    gvr: kind.gvr,
    kind: kind.kind,
    apiVersion,
    namespace: kind.isNamespaced ? namespace : '',
    name: verb === 'create' ? '' : name,
    subresource,
  };
  const query = { dryRun: false, fieldManager: '' };
  const whole = () => ({ apiVersion, kind: kind.kind, ...kind.content(random, subresource) });
  switch (verb) {
    case 'create':
      return { ...common, query, body: { ...whole(), metadata: metadataForCreate(random, name, kind.annotations) } };
    case 'update':
      return { ...common, query, body: updateBody(random, whole(), present, name) };
    case 'patch':
      return { ...common, query, ...patch(random, { kind, verb, subresource, name }, present) };
    default:
      return { ...common, ...deletion(random, present, query) };
  }
}

function words(random: Random): Loose {
  const metadata: Loose = {};
  if (random.isLucky(40)) metadata.labels = labels(random);
  if (random.isLucky(30)) metadata.annotations = { 'example.com/note': random.pick(['', 'Hello World', 'ü']) };
  if (random.isLucky(2)) metadata.annotations = { 'example.com/big': 'x'.repeat(random.pick([200_000, 270_000])) };
  if (random.isLucky(2)) metadata.annotations = { 'no good!': 'x' };
  if (random.isLucky(10)) metadata.finalizers = random.pick([['example.com/hold'], [], ['orphan'], ['Not/Good/Name']]);
  if (random.isLucky(5)) metadata.ownerReferences = owners(random);
  return metadata;
}

function labels(random: Random): Loose {
  if (random.isLucky(4)) return random.pick([{ app: 'no good' }, { 'a/b/c': 'x' }, { [`x${'y'.repeat(70)}`]: 'x' }]);
  return { app: random.pick(['a', 'b', '']), ...(random.isLucky(30) && { 'example.com/tier': 'edge' }) };
}

function owners(random: Random): Loose {
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'edge-1', uid: '00000000-0000-0000-0000-000000000001' };
  const other = { ...owner, uid: '00000000-0000-0000-0000-000000000002' };
  return random.pick([
    [owner],
    [owner, owner],
    [owner, other],
    [
      { ...owner, controller: true },
      { ...other, controller: true },
    ],
    [{ ...owner, uid: '' }],
    [{ ...owner, kind: 'Event' }],
  ]);
}

function metadataForCreate(random: Random, name: string, annotations: Loose): Loose {
  const metadata: Loose = { name, ...words(random) };
  if (annotations !== undefined && random.isLucky(92))
    metadata.annotations = { ...metadata.annotations, ...annotations };
  if (random.isLucky(15)) {
    delete metadata.name;
    metadata.generateName = random.pick(['gen-', 'gen-', `${'long-'.repeat(14)}`, 'Bad_', 'dot.', '']);
  }
  if (random.isLucky(4)) metadata.name = random.pick(['Bad_Name', 'x'.repeat(260), 'a..b', '-a', 'a/b', '..']);
  if (random.isLucky(5)) metadata.namespace = random.pick([namespace, 'elsewhere']);
  if (random.isLucky(3)) metadata.uid = '00000000-0000-0000-0000-00000000000a';
  if (random.isLucky(3)) metadata.resourceVersion = random.pick(['1', '0', 'x']);
  if (random.isLucky(3)) metadata.generation = random.pick([5, -1]);
  if (random.isLucky(3)) metadata.creationTimestamp = random.pick(['2020-01-01T00:00:00Z', null]);
  if (random.isLucky(3)) metadata.deletionTimestamp = '2020-01-01T00:00:00Z';
  if (random.isLucky(3)) metadata.selfLink = '/x';
  return metadata;
}

function updateBody(random: Random, whole: Loose, present: Loose, name: string): Loose {
  const old = present?.metadata ?? { name, namespace };
  const metadata: Loose = random.isLucky(70) ? { ...old, ...words(random) } : { name, ...words(random) };
  if (random.isLucky(15)) metadata.resourceVersion = random.pick(['', '0', '1', '99999999', 'x']);
  if (random.isLucky(15)) delete metadata.resourceVersion;
  if (random.isLucky(4)) metadata.name = random.pick(['other', '', 'Bad_']);
  if (random.isLucky(4)) metadata.namespace = random.pick(['elsewhere', '']);
  if (random.isLucky(6)) metadata.uid = random.pick(['', '00000000-0000-0000-0000-00000000000b']);
  if (random.isLucky(4)) metadata.generation = random.pick([7, 0]);
  if (random.isLucky(5)) metadata.creationTimestamp = random.pick(['2020-01-01T00:00:00Z', null]);
  if (random.isLucky(5)) metadata.deletionTimestamp = random.pick(['2020-01-01T00:00:00Z', null]);
  if (random.isLucky(3)) metadata.deletionGracePeriodSeconds = random.pick([5, null]);
  if (random.isLucky(10)) delete metadata.managedFields;
  const content = present && random.isLucky(60) ? { ...present, ...whole } : whole;
  if (present?.spec && random.isLucky(80) && ['Node', 'Pod'].includes(whole.kind)) content.spec = present.spec;
  const body = { ...content, metadata };
  if (random.isLucky(2)) body.kind = 'Other';
  if (random.isLucky(2)) body.apiVersion = 'example.com/v9';
  if (random.isLucky(3)) delete body.kind;
  return body;
}

const patchTypes: readonly PatchType[] = ['strategic', 'strategic', 'merge', 'json'];

function patch(random: Random, drawn: Drawn, present: Loose): Pick<WriteRequest, 'patchType' | 'body'> {
  const patchType = random.pick(patchTypes);
  const content = drawn.kind.content(random, drawn.subresource);
  const metadata: Loose = random.isLucky(50) ? words(random) : {};
  if (random.isLucky(12))
    metadata.resourceVersion = random.pick([present?.metadata.resourceVersion ?? '5', '1', '', null]);
  if (random.isLucky(20)) metadata.uid = present?.metadata.uid ?? '';
  if (random.isLucky(5)) metadata.uid = random.pick(['00000000-0000-0000-0000-00000000000c', null]);
  if (random.isLucky(3)) metadata.name = random.pick(['other', drawn.name, null]);
  if (random.isLucky(3)) metadata.namespace = random.pick(['elsewhere', null]);
  if (random.isLucky(4)) metadata.labels = random.pick([null, { app: null }]);
  if (random.isLucky(4)) metadata.finalizers = null;
  if (random.isLucky(3)) metadata.generation = random.pick([9, null]);
  if (random.isLucky(3)) metadata.creationTimestamp = null;
  if (random.isLucky(3)) metadata.deletionTimestamp = random.pick([null, '2020-01-01T00:00:00Z']);
  if (random.isLucky(3)) metadata.managedFields = null;
  const document = { ...content, ...(Object.keys(metadata).length > 0 && { metadata }) };
  if (random.isLucky(2)) document.kind = random.pick([drawn.kind.kind, 'Other', null]);
  if (random.isLucky(2)) document.apiVersion = random.pick(['v1', 'example.com/v1', null]);
  if (patchType !== 'json') return { patchType, body: random.isLucky(2) ? random.pick([[], 'x', 7, null]) : document };
  return { patchType, body: operations(random, document) };
}

function operations(random: Random, document: Loose): Loose {
  if (random.isLucky(3)) return random.pick([{}, 'x', [7], [{ op: 'add' }], [{ op: 'fly', path: '/x' }], null]);
  const list: Loose[] = [];
  for (const [key, value] of Object.entries(document)) {
    if (key === 'metadata') {
      for (const [inner, one] of Object.entries(value as Loose)) {
        list.push({ op: random.pick(['add', 'replace']), path: `/metadata/${inner}`, value: one });
      }
    } else list.push({ op: random.pick(['add', 'add', 'replace']), path: `/${key}`, value });
  }
  if (random.isLucky(10))
    list.push({ op: 'remove', path: random.pick(['/data', '/metadata/labels', '/metadata/finalizers']) });
  if (random.isLucky(8)) list.push({ op: 'test', path: '/metadata/labels/app', value: 'a' });
  return list;
}

function deletion(random: Random, present: Loose, query: WriteRequest['query']): Pick<WriteRequest, 'body' | 'query'> {
  const gracePeriodSeconds = random.pick([undefined, 0, 0, 5, 30, -1]);
  const propagationPolicy = random.pick([undefined, undefined, 'Background', 'Foreground', 'Orphan', 'Odd']);
  if (random.isLucky(30)) {
    return {
      body: undefined,
      query: {
        ...query,
        ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
        ...(propagationPolicy !== undefined && { propagationPolicy }),
      },
    };
  }
  const preconditions: Loose = {};
  if (random.isLucky(30)) preconditions.uid = random.isLucky(60) ? (present?.metadata.uid ?? 'x') : 'another';
  if (random.isLucky(20))
    preconditions.resourceVersion = random.isLucky(60) ? (present?.metadata.resourceVersion ?? '1') : '1';
  const body: Loose = { kind: 'DeleteOptions', apiVersion: 'v1' };
  if (gracePeriodSeconds !== undefined) body.gracePeriodSeconds = gracePeriodSeconds;
  if (propagationPolicy !== undefined && random.isLucky(50)) body.propagationPolicy = propagationPolicy;
  if (random.isLucky(8)) body.orphanDependents = random.isLucky(50);
  if (Object.keys(preconditions).length > 0) body.preconditions = preconditions;
  return { body, query };
}
