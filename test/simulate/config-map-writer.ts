// What a controller does with ConfigMaps: makes, reads, changes in each of the ways there are, deletes.
import type { Client } from './client.ts';
import { refusedLabel } from './cloud-writes.ts';
import { madeField } from './fields.ts';
import type { Random } from './random.ts';

export const namespaces = ['park', 'edge-wins', 'cloud-wins'] as const;
export const names = ['a', 'b'] as const;
export const configMaps = { group: '', version: 'v1', resource: 'configmaps' };
const keys = ['k1', 'k2', 'k3'] as const;

export async function writeConfigMap(client: Client, random: Random): Promise<void> {
  const namespace = random.pick(namespaces);
  const name = random.pick(names);
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  const path = `${collection}/${name}`;
  const key = random.pick(keys);
  const patch = (contentType: string, body: (token: string) => unknown) =>
    client.write({ verb: 'patch', path, contentType, fields: [`data.${key}`], body });
  switch (
    random.weighted({ create: 3, replace: 4, merge: 4, jsonPatch: 1, remove: 2, refused: 0.3, get: 2, list: 1 })
  ) {
    case 'create':
      await client.write({
        verb: 'create',
        path,
        fields: [madeField, `data.${key}`],
        body: (token) => fresh(token, namespace, name, key),
      });
      return;
    case 'replace': {
      const { statusCode, json } = await client.get(path);
      if (statusCode !== 200) return;
      const body = (token: string) => ({ ...json, data: { ...json.data, [key]: token } });
      await client.write({ verb: 'update', path, fields: [`data.${key}`], body });
      return;
    }
    case 'merge': {
      const body = (token: string) => ({ data: { [key]: token } });
      await patch('application/merge-patch+json', body);
      return;
    }
    case 'jsonPatch': {
      const body = (token: string) => [{ op: 'add', path: `/data/${key}`, value: token }];
      await patch('application/json-patch+json', body);
      return;
    }
    case 'remove': {
      const { statusCode, json } = await client.get(path);
      if (statusCode !== 200) return;
      const { uid } = json.metadata;
      await client.write({ verb: 'delete', path, fields: [], uid, body: () => ({ preconditions: { uid } }) });
      return;
    }
    case 'refused': {
      const body = (token: string) => ({ metadata: { labels: { [refusedLabel]: 'yes' } }, data: { [key]: token } });
      await patch('application/merge-patch+json', body);
      return;
    }
    case 'get':
      await client.get(`${path}${random.chance(0.5) ? '?resourceVersion=0' : ''}`);
      return;
    case 'list':
      await client.get(`${collection}${random.chance(0.5) ? '?resourceVersion=0' : ''}`);
  }
}

function fresh(token: string, namespace: string, name: string, key: string): object {
  const metadata = { name, namespace, annotations: { [madeField]: token }, labels: { app: namespace } };
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata, data: { [key]: token } };
}
