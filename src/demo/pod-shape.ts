// A pod as kube-controller-manager, scheduler and kubelet leave it together: field order of the API's structs, about 2.5 kB.

import type { Document, DraftDocument } from './document.ts';
import { timestamp } from './timing.ts';

export interface PodOwner {
  readonly kind: 'ReplicaSet' | 'DaemonSet';
  readonly name: string;
  readonly uid: string;
}

export interface PodTemplate {
  readonly app: string;
  readonly image: string;
  readonly port: number;
  readonly templateHash: string;
  readonly owner: PodOwner;
}

/** Pending, on no node yet. */
export function podDraft(name: string, template: PodTemplate, nowMs: number): DraftDocument {
  const { app, templateHash, owner } = template;
  const hashLabel = owner.kind === 'ReplicaSet' ? 'pod-template-hash' : 'controller-revision-hash';
  return {
    metadata: {
      name,
      generateName: `${owner.name}-`,
      labels: { app, [hashLabel]: templateHash },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: owner.kind,
          name: owner.name,
          uid: owner.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [managedFields(owner.uid, timestamp(nowMs))],
    },
    spec: podSpec(template),
    status: { phase: 'Pending', qosClass: 'Burstable' },
  };
}

function podSpec({ app, image, port }: PodTemplate): object {
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  ];
  return {
    volumes: [{ name: 'kube-api-access', projected: { sources, defaultMode: 420 } }],
    containers: [
      {
        name: app,
        image,
        ports: [{ containerPort: port, protocol: 'TCP' }],
        resources: { requests: { cpu: '50m', memory: '64Mi' } },
        volumeMounts: [
          { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
        ],
        imagePullPolicy: 'IfNotPresent',
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    serviceAccount: 'default',
    securityContext: {},
    schedulerName: 'default-scheduler',
    enableServiceLinks: true,
  };
}

function managedFields(ownerUid: string, time: string): object {
  const fieldsV1 = {
    'f:metadata': {
      'f:generateName': {},
      'f:labels': { '.': {}, 'f:app': {} },
      'f:ownerReferences': { '.': {}, [`k:{"uid":"${ownerUid}"}`]: {} },
    },
    'f:spec': { 'f:containers': {}, 'f:dnsPolicy': {}, 'f:restartPolicy': {} },
  };
  return {
    manager: 'kube-controller-manager',
    operation: 'Update',
    apiVersion: 'v1',
    time,
    fieldsType: 'FieldsV1',
    fieldsV1,
  };
}

export interface Placement {
  readonly nodeName: string;
  readonly hostIP: string;
  readonly podIP: string;
}

/** The same pod, placed and running. */
export function runningPod(pod: Document, placement: Placement, nowMs: number): DraftDocument {
  const { nodeName, hostIP, podIP } = placement;
  const spec = { ...(pod.spec as object), nodeName };
  return withReadiness(
    { ...pod, spec, status: { ...(pod.status as object), phase: 'Running', hostIP, podIP } },
    true,
    0,
    nowMs,
  );
}

/** A container that is up, or that has just crashed and waits to be started again. */
export function withReadiness(pod: Document, isReady: boolean, restartCount: number, nowMs: number): DraftDocument {
  const { hostIP, podIP } = pod.status as { hostIP?: string; podIP?: string };
  const spec = pod.spec as { containers: readonly { name: string; image: string }[] };
  const now = timestamp(nowMs);
  const { startTime = now } = pod.status as { startTime?: string };
  const condition = (type: string, isTrue: boolean): object => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastProbeTime: null,
    lastTransitionTime: now,
  });
  const waiting = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s restarting failed container' } };
  return {
    ...pod,
    status: {
      phase: 'Running',
      conditions: [condition('Ready', isReady), condition('ContainersReady', isReady), condition('PodScheduled', true)],
      hostIP,
      hostIPs: [{ ip: hostIP }],
      podIP,
      podIPs: [{ ip: podIP }],
      startTime,
      containerStatuses: spec.containers.map(({ name, image }) => ({
        name,
        state: isReady ? { running: { startedAt: now } } : waiting,
        lastState: {},
        ready: isReady,
        restartCount,
        image,
        imageID: `${image}@sha256:${pod.metadata.uid.replaceAll('-', '').repeat(2)}`,
        started: isReady,
      })),
      qosClass: 'Burstable',
    },
  };
}
