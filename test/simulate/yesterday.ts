// What the node had learnt before the simulated day begins: scopes that were read, rights that the cloud was seen to grant,
// tokens that it took. Without it most clients would be refused while the cloud is away, and little would happen.
import { scopeOf } from '../../src/cache/scope.ts';
import { readBearerIdentity } from '../../src/hub/identity/bearer-identity.ts';
import type { Client } from './client.ts';
import { configMaps, names, namespaces } from './config-map-writer.ts';
import type { HubLife } from './hub.ts';

export async function liveThroughYesterday(hub: HubLife, clients: readonly Client[]): Promise<void> {
  for (const client of clients) {
    for (const namespace of namespaces) await client.get(`/api/v1/namespaces/${namespace}/configmaps`);
    if (client.token === undefined) continue;
    const { claimed } = readBearerIdentity(client.token);
    for (const namespace of namespaces) {
      hub.cache.rights.see(claimed, scopeOf({ gvr: configMaps, namespace, labelSelector: '', fieldSelector: '' }));
      for (const verb of ['create', 'update', 'patch', 'delete']) {
        for (const name of names)
          hub.cache.grants.see(claimed, { verb, gvr: configMaps, namespace, name, subresource: '' });
      }
    }
  }
}
