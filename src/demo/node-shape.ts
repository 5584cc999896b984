// A node with what belongs to it: its lease and its CSINode.

import type { DraftDocument } from './document.ts';
import { microTimestamp, timestamp } from './timing.ts';

export interface NodeIdentity {
  readonly name: string;
  /** 192.0.2.0/24 is for documentation: nobody has it. */
  readonly address: string;
  /** Pods of this node get addresses from 10.244.<index>.0/24. */
  readonly podCidr: string;
}

export function nodeIdentity(index: number): NodeIdentity {
  const address = `192.0.2.${10 + (index % 240)}`;
  return { name: `edge-${index + 1}`, address, podCidr: `10.244.${index % 256}.0/24` };
}

export function nodeDraft({ name, address, podCidr }: NodeIdentity, nowMs: number): DraftDocument {
  const labels = {
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'node-role.kubernetes.io/edge': '',
  };
  return {
    metadata: { name, labels, annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
    spec: { podCIDR: podCidr, podCIDRs: [podCidr] },
    status: {
      capacity: { cpu: '4', 'ephemeral-storage': '61255492Ki', memory: '8145344Ki', pods: '110' },
      allocatable: { cpu: '4', 'ephemeral-storage': '56453061334', memory: '8042944Ki', pods: '110' },
      conditions: nodeConditions(nowMs, nowMs),
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: name,
        systemUUID: name,
        bootID: name,
        kernelVersion: '6.12.0-edge',
        osImage: 'Debian GNU/Linux 13 (trixie)',
        containerRuntimeVersion: 'containerd://2.1.0',
        kubeletVersion: 'v1.35.4',
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: 'amd64',
      },
    },
  };
}

export function nodeConditions(sinceMs: number, nowMs: number): readonly object[] {
  const condition = (type: string, isTrue: boolean, reason: string): object => ({
    type,
    status: isTrue ? 'True' : 'False',
    lastHeartbeatTime: timestamp(nowMs),
    lastTransitionTime: timestamp(sinceMs),
    reason,
    message: reason,
  });
  return [
    condition('MemoryPressure', false, 'KubeletHasSufficientMemory'),
    condition('DiskPressure', false, 'KubeletHasNoDiskPressure'),
    condition('PIDPressure', false, 'KubeletHasSufficientPID'),
    condition('Ready', true, 'KubeletReady'),
  ];
}

function ownedByNode(name: string, uid: string): readonly object[] {
  return [{ apiVersion: 'v1', kind: 'Node', name, uid }];
}

export function leaseDraft(name: string, nodeUid: string, nowMs: number): DraftDocument {
  return {
    metadata: { name, ownerReferences: ownedByNode(name, nodeUid) },
    spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTimestamp(nowMs) },
  };
}

export function csiNodeDraft(name: string, nodeUid: string): DraftDocument {
  return {
    metadata: { name, ownerReferences: ownedByNode(name, nodeUid) },
    spec: { drivers: [{ name: 'local.csi.example.com', nodeID: name, topologyKeys: ['kubernetes.io/hostname'] }] },
  };
}
