// Asks a real kube-apiserver and the demo's control plane the same question after the same history of writes, and takes out
// of both answers what differs by nature: versions become the names of moments, uids and times become words.
import type { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';

export interface Side {
  readonly client: ApiClient;
  /** Names of moments by their resourceVersion, and the other way. */
  readonly nameByVersion: Map<string, string>;
  readonly versionByName: Map<string, string>;
}

export const inA = '/api/v1/namespaces/parity-a/configmaps';
export const inB = '/api/v1/namespaces/parity-b/configmaps';
export const sensorsInA = '/apis/edge.example.com/v1/namespaces/parity-a/sensors';

export function configMap(name: string, labels: Record<string, string> = {}): object {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data: { text: `<${name}> & more` } };
}

export function side(client: ApiClient): Side {
  return { client, nameByVersion: new Map(), versionByName: new Map() };
}

const sensor = { kind: 'Sensor', apiVersion: 'edge.example.com/v1', spec: { unit: 'celsius', alarm: { low: 1 } } };

/** Leaves c1–c4 in parity-a and b1, b2 in parity-b, with the versions BEFORE, FULL, LABELLED and DELETED between. */
export async function writeHistory({ client, nameByVersion, versionByName }: Side): Promise<void> {
  const remember = async (name: string): Promise<void> => {
    const { resourceVersion } = (await client.expect('GET', inA)).metadata;
    nameByVersion.set(resourceVersion, name);
    versionByName.set(name, resourceVersion);
  };
  for (const name of ['parity-a', 'parity-b'])
    await client.expect('POST', '/api/v1/namespaces', { metadata: { name } });
  await client.expect('POST', sensorsInA, { ...sensor, metadata: { name: 's1', labels: { b: '1', a: '2' } } });
  await client.expect('POST', sensorsInA, { ...sensor, metadata: { name: 's2' } });
  await remember('BEFORE');
  for (const name of ['c1', 'c2', 'c3', 'c4', 'c5']) await client.expect('POST', inA, configMap(name, { n: name }));
  for (const name of ['b1', 'b2']) await client.expect('POST', inB, configMap(name));
  await remember('FULL');
  await client.expect('PATCH', `${inA}/c3`, { metadata: { labels: { tier: 'x' } } });
  await remember('LABELLED');
  await client.expect('DELETE', `${inA}/c5`);
  await remember('DELETED');
}

/** What may differ, by name: {FULL} in a path stands for that version. */
function resolve({ versionByName }: Side, path: string): string {
  return path.replace(/\{([A-Z]+)\}/g, (_, name: string) => versionByName.get(name) ?? `no ${name}`);
}

export function normalise({ nameByVersion, versionByName }: Side, value: unknown): unknown {
  const last = Number(versionByName.get('DELETED'));
  // A real cluster moves on by itself: from the last write on, all versions are now.
  const version = (text: string): string => (Number(text) >= last ? 'NOW' : (nameByVersion.get(text) ?? '#'));
  const walk = (inner: unknown, key: string): unknown => {
    if (Array.isArray(inner)) return inner.map((item) => walk(item, key));
    if (typeof inner === 'object' && inner !== null) {
      const kept = Object.entries(inner).filter(([name]) => name !== 'managedFields');
      return Object.fromEntries(kept.map(([name, field]) => [name, walk(field, name)]));
    }
    if (typeof inner !== 'string') return inner;
    if (key === 'resourceVersion') return version(inner);
    if (key === 'uid') return 'uid';
    if (key === 'cells' && /^(\d+[dhms])+$/.test(inner)) return 'age';
    if (key === 'creationTimestamp') return 'time';
    if (key === 'description') return 'words';
    if (key === 'continue' && inner !== '') {
      const token = JSON.parse(Buffer.from(inner, 'base64url').toString());
      return { ...token, rv: token.rv === -1 ? -1 : version(String(token.rv)) };
    }
    return key === 'message' ? inner.replace(uuid, 'uid').replace(/\b\d+\b/g, '#') : inner;
  };
  return walk(value, '');
}

const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** The message is not compared: it tells of Go's parsers or of etcd's keys. */
  readonly hasOwnWords?: boolean;
}

export async function answers(
  sides: readonly [real: Side, demo: Side],
  path: string,
  options: Asked = {},
): Promise<readonly [real: unknown, demo: unknown]> {
  const isWatch = /[?&]watch=/.test(path);
  const [real, demo] = await Promise.all(
    sides.map((asked) => (isWatch ? streamed(asked, path) : answered(asked, path, options))),
  );
  return [real, demo];
}

async function answered(asked: Side, path: string, options: Asked): Promise<object> {
  const { method = 'GET', body, headers = {}, hasOwnWords } = options;
  const answer = await asked.client.request(method, resolve(asked, path), body, { headers });
  const { 'content-type': type, 'retry-after': retryAfter } = answer.headers;
  const content = hasOwnWords ? { ...answer.body, message: '' } : answer.body;
  return { status: answer.status, type, retryAfter, body: normalise(asked, content), keys: keyOrder(answer.body) };
}

/** All events until the watch ends, or the refusal. */
async function streamed(asked: Side, path: string): Promise<object> {
  const events: unknown[] = [];
  try {
    for await (const event of asked.client.watch(resolve(asked, path))) {
      // When plain bookmarks come depends on when each server's clock struck.
      const isPlainBookmark = event.type === 'BOOKMARK' && event.object.metadata.annotations === undefined;
      if (!isPlainBookmark) events.push(normalise(asked, event));
    }
  } catch {
    return answered(asked, path, {});
  }
  return events;
}

/** The order of keys is part of the bytes: typed kinds have their own. */
function keyOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.keys(value);
}

/** The demo's custom kind, as a custom resource of the real one. */
export async function defineSensors(admin: ApiClient): Promise<void> {
  const names = { plural: 'sensors', singular: 'sensor', kind: 'Sensor', listKind: 'SensorList' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const additionalPrinterColumns = [
    { name: 'Reading', type: 'string', jsonPath: '.status.reading' },
    { name: 'Unit', type: 'string', jsonPath: '.spec.unit' },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ];
  const subresources = { status: {} };
  const versions = [{ name: 'v1', served: true, storage: true, schema, subresources, additionalPrinterColumns }];
  await admin.expect('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'sensors.edge.example.com' },
    spec: { group: 'edge.example.com', scope: 'Namespaced', names, versions },
  });
  const isServed = async (): Promise<boolean> => (await admin.request('GET', sensorsInA)).status === 200;
  await eventually('sensors are served', isServed, { timeoutMs: 30_000 });
}
