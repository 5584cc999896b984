// What happens in the cluster without the node: people change and delete ConfigMaps, the scheduler brings pods to the node,
// controllers take them away, somebody labels the node.

import type { SimCloud } from './cloud.ts';
import { type Place, pathOf } from './cloud-store.ts';
import { configMaps, names, namespaces } from './config-map-writer.ts';
import { nodeName } from './hub.ts';
import type { Random } from './random.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const admin = 'admin/0';

export class Others {
  readonly #random: Random;
  #values = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  act(cloud: SimCloud, now: number): void {
    const random = this.#random;
    const deeds = {
      change: () => this.#changeConfigMap(cloud),
      remove: () => cloud.store.remove(this.#place(), admin, now),
      pod: () => this.#schedulePod(cloud),
      end: () =>
        this.#changePod(cloud, ({ name }, metadata) => {
          const dying = { ...metadata, deletionTimestamp: '2023-12-01T00:00:00Z', deletionGracePeriodSeconds: 30 };
          cloud.put('pods', 'default', name, { metadata: dying }, admin);
        }),
      evict: () => this.#changePod(cloud, (place) => cloud.store.remove(place, admin, now)),
      node: () => cloud.put('nodes', '', nodeName, { spec: { unschedulable: random.chance(0.5) } }, admin),
    };
    deeds[random.weighted({ change: 6, remove: 2, pod: 3, end: 1.5, evict: 1, node: 1 })]();
  }

  #changeConfigMap(cloud: SimCloud): void {
    const place = this.#place();
    const known = cloud.store.get(pathOf(place));
    const key = this.#random.pick(['k1', 'k2', 'k3']);
    this.#values += 1;
    const data = { ...(known?.value.data as object | undefined), [key]: `o${this.#values}` };
    cloud.put('configmaps', place.namespace, place.name, { data }, admin);
  }

  #schedulePod(cloud: SimCloud): void {
    const name = this.#random.pick(['p', 'q', 'r']);
    if (cloud.store.get(pathOf({ gvr: pods, namespace: 'default', name })) !== undefined) return;
    cloud.put('pods', 'default', name, { spec: { nodeName }, status: { phase: 'Pending' } }, admin);
  }

  #changePod(cloud: SimCloud, change: (place: Place, metadata: object) => void): void {
    const stored = [...cloud.store.ofResource(pods)];
    if (stored.length === 0) return;
    const { place, value } = this.#random.pick(stored);
    change(place, value.metadata as object);
  }

  #place(): Place {
    return { gvr: configMaps, namespace: this.#random.pick(namespaces), name: this.#random.pick(names) };
  }
}
