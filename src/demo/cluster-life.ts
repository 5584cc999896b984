// What keeps a demo cluster moving: kubelets that renew leases, start and stop pods, controllers that replace pods and
// keep EndpointSlices right, sensors that read. A few changes a second, all through the store.

import type { Clock } from '../apimachinery/clock.ts';
import type { Document, DraftDocument } from './document.ts';
import { at, listAt, numberAt, textAt } from './field-path.ts';
import { nodeConditions } from './node-shape.ts';
import { podDraft, runningPod, withReadiness } from './pod-shape.ts';
import { podAddress } from './population.ts';
import { pick, type Random, randomSuffix } from './random.ts';
import { definitionOfKey } from './resource-definitions.ts';
import type { ObjectStore } from './store.ts';
import type { StoredObject } from './stored-object.ts';
import { every, microTimestamp, timestamp } from './timing.ts';
import { endpointSliceDraft, eventDraft, sliceName } from './workload-shape.ts';

export interface ClusterLifeOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Default 500: two steps a second, each with one to four changes. */
  readonly intervalMs?: number;
}

const pods = definitionOfKey('v1/pods');
const nodes = definitionOfKey('v1/nodes');
const leases = definitionOfKey('coordination.k8s.io/v1/leases');
const replicaSets = definitionOfKey('apps/v1/replicasets');
const services = definitionOfKey('v1/services');
const slices = definitionOfKey('discovery.k8s.io/v1/endpointslices');
const events = definitionOfKey('v1/events');
const sensors = definitionOfKey('edge.example.com/v1/sensors');

const eventLimit = 100;
const terminationMs = 1_500;

/** Returns how to stop. */
export function startClusterLife(
  store: ObjectStore,
  { clock, random, intervalMs = 500 }: ClusterLifeOptions,
): () => void {
  const life = new ClusterLife(store, clock, random);
  return every(clock, intervalMs, () => life.step());
}

export class ClusterLife {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #random: Random;
  /** Apps with pods that changed since their EndpointSlices were looked at. */
  readonly #movedApps = new Set<string>();
  #stepCount = 0;
  #addressCount = 100;

  constructor(store: ObjectStore, clock: Clock, random: Random) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    store.subscribe(({ object }) => {
      if (object.definition === pods && object.labels.app !== undefined) this.#movedApps.add(object.labels.app);
    });
  }

  /** One step of everybody. */
  step(): void {
    this.#stepCount += 1;
    this.#renewOneLease();
    this.#runPods();
    this.#replacePods();
    if (this.#stepCount % 2 === 0) this.#readSensor();
    if (this.#stepCount % 6 === 0) this.#troubleOnePod();
    if (this.#stepCount % 20 === 0) this.#heartbeatOneNode();
    if (this.#stepCount % 60 === 0) this.#deleteOnePod();
    this.#followEndpoints();
  }

  /** Each node's lease every 10 s or so, one after another. */
  #renewOneLease(): void {
    const all = this.#store.list(leases);
    const lease = this.#stepCount % 7 === 0 ? all[Math.floor(this.#stepCount / 7) % all.length] : undefined;
    if (lease === undefined) return;
    this.#change(lease, ({ spec, ...rest }) => ({
      ...rest,
      spec: { ...(spec as object), renewTime: microTimestamp(this.#clock.now()) },
    }));
  }

  #heartbeatOneNode(): void {
    const node = pick(this.#random, this.#store.list(nodes));
    const since = Date.parse(node.document.metadata.creationTimestamp);
    this.#change(node, ({ status, ...rest }) => ({
      ...rest,
      status: { ...(status as object), conditions: nodeConditions(since, this.#clock.now()) },
    }));
  }

  /** Kubelets: new pods start, crashed ones come back, deleted ones go. */
  #runPods(): void {
    for (const pod of this.#store.list(pods)) {
      const { metadata } = pod.document;
      const container = listAt(pod.document, 'status.containerStatuses')[0];
      if (metadata.deletionTimestamp !== undefined) {
        const deletedMs = Date.parse(metadata.deletionTimestamp) - (metadata.deletionGracePeriodSeconds ?? 0) * 1_000;
        if (this.#clock.now() - deletedMs >= terminationMs)
          this.#store.delete(pods, pod.namespace, pod.name, { gracePeriodSeconds: 0 });
      } else if (textAt(pod.document, 'status.phase') !== 'Running') this.#start(pod);
      else if (at(container, 'ready') !== true && this.#random() < 0.3) {
        this.#change(pod, (document) =>
          withReadiness(document, true, numberAt(container, 'restartCount'), this.#clock.now()),
        );
        this.#tell(pod, 'Started', `Started container ${textAt(container, 'name')}`);
      }
    }
  }

  #start(pod: StoredObject): void {
    const all = this.#store.list(nodes);
    if (all.length === 0) return;
    const node = all.find(({ name }) => name === textAt(pod.document, 'spec.nodeName')) ?? pick(this.#random, all);
    this.#addressCount += 1;
    const placement = {
      nodeName: node.name,
      hostIP: textAt(listAt(node.document, 'status.addresses')[0], 'address'),
      podIP: podAddress(textAt(node.document, 'spec.podCIDR'), this.#addressCount),
    };
    this.#tell(pod, 'Scheduled', `Successfully assigned ${pod.key} to ${node.name}`);
    this.#change(pod, (document) => runningPod(document, placement, this.#clock.now()));
  }

  #troubleOnePod(): void {
    const running = this.#store
      .list(pods)
      .filter(({ document }) => at(listAt(document, 'status.containerStatuses')[0], 'ready') === true);
    if (running.length === 0) return;
    const pod = pick(this.#random, running);
    const restarts = numberAt(listAt(pod.document, 'status.containerStatuses')[0], 'restartCount') + 1;
    this.#change(pod, (document) => withReadiness(document, false, restarts, this.#clock.now()));
    this.#tell(pod, 'BackOff', 'Back-off restarting failed container', true);
  }

  #deleteOnePod(): void {
    const owned = this.#store.list(pods).filter(({ document }) => document.metadata.ownerReferences?.length);
    if (owned.length > 0) this.#store.delete(pods, ...nameOf(pick(this.#random, owned)));
  }

  /** The ReplicaSet controller. */
  #replacePods(): void {
    const owned = new Map<string, number>();
    for (const { document } of this.#store.list(pods)) {
      const uid = textAt(document.metadata.ownerReferences?.[0], 'uid');
      if (document.metadata.deletionTimestamp === undefined) owned.set(uid, (owned.get(uid) ?? 0) + 1);
    }
    for (const { namespace, document } of this.#store.list(replicaSets)) {
      const missing = numberAt(document, 'spec.replicas') - (owned.get(document.metadata.uid) ?? 0);
      for (let count = 0; count < missing; count += 1) this.#store.create(pods, namespace, this.#replica(document));
    }
  }

  #replica(replicaSet: Document): DraftDocument {
    const { name, uid, labels } = replicaSet.metadata;
    const container = listAt(replicaSet, 'spec.template.spec.containers')[0];
    const template = {
      app: textAt(container, 'name'),
      image: textAt(container, 'image'),
      port: numberAt(listAt(container, 'ports')[0], 'containerPort'),
      templateHash: labels?.['pod-template-hash'] ?? '',
      owner: { kind: 'ReplicaSet', name, uid } as const,
    };
    return podDraft(`${name}-${randomSuffix(this.#random)}`, template, this.#clock.now());
  }

  /** The EndpointSlice controller. */
  #followEndpoints(): void {
    const all = this.#store.list(pods);
    for (const service of this.#store.list(services)) {
      const app = textAt(service.document, 'spec.selector.app');
      const slice = this.#store.find(slices, service.namespace, sliceName(service.name));
      if (!this.#movedApps.has(app) || slice === undefined) continue;
      const behind = all.filter(({ namespace, labels }) => namespace === service.namespace && labels.app === app);
      const draft = endpointSliceDraft(
        service.document,
        behind.map(({ document }) => document),
      );
      this.#change(slice, ({ metadata }) => ({ ...draft, metadata }));
    }
    this.#movedApps.clear();
  }

  #readSensor(): void {
    const all = this.#store.list(sensors);
    if (all.length === 0) return;
    const sensor = pick(this.#random, all);
    const unit = textAt(sensor.document, 'spec.unit');
    const before = Number(textAt(sensor.document, 'status.reading', '0'));
    const reading = unit === 'count' ? String(before + 1) : (before + this.#random() - 0.5).toFixed(1);
    this.#change(sensor, (document) => ({ ...document, status: { reading, readAt: timestamp(this.#clock.now()) } }));
  }

  #tell(about: StoredObject, reason: string, message: string, isWarning = false): void {
    const name = `${about.name}.${randomSuffix(this.#random, 10)}`;
    this.#store.create(
      events,
      about.namespace,
      eventDraft(about.document, { name, reason, message, isWarning, nowMs: this.#clock.now() }),
    );
    const all = this.#store.list(events);
    const oldest = all.reduce((first, event) => (event.revision < first.revision ? event : first), all[0]!);
    if (all.length > eventLimit) this.#store.delete(events, ...nameOf(oldest));
  }

  #change({ definition, namespace, name }: StoredObject, change: (document: Document) => DraftDocument): void {
    this.#store.update(definition, namespace, name, change);
  }
}

function nameOf({ namespace, name }: StoredObject): [namespace: string, name: string] {
  return [namespace, name];
}
