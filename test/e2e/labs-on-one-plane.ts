// Many labs, one apiserver: each test has a node, a namespace and a hub of its own, and only what takes longest to start is
// shared.
import type { TestFn } from 'ava';
import { ApiClient } from './api-client.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import { type KubeletRequests, kubeletRequests } from './kubelet-requests.ts';
import { type Lab, startLab } from './lab.ts';

export interface Stage {
  readonly lab: Lab;
  readonly plane: ControlPlane;
  /** Named as the node. */
  readonly namespace: string;
  readonly nodePath: string;
  /** Through the hub. */
  readonly kubelet: KubeletRequests;
  /** The same kubelet at the apiserver itself, in JSON. */
  readonly direct: KubeletRequests;
}

export interface StageOptions {
  readonly hubArguments?: readonly string[];
  /** Done with the cluster before the hub comes up. */
  readonly prepare?: (stage: Pick<Stage, 'plane' | 'namespace'>) => Promise<unknown>;
}

export interface OnePlane {
  readonly plane: ControlPlane;
  /** The test begins online, with the node and its pods followed. A replay begins without jitter. */
  withLab(run: (stage: Stage) => Promise<void>, options?: StageOptions): Promise<void>;
}

/** Starts the control plane before the first test of this file and stops it after the last. */
export function labsOnOnePlane(test: Pick<TestFn, 'before' | 'after'>, options: ControlPlaneOptions = {}): OnePlane {
  let plane: ControlPlane | undefined;
  let labs = 0;
  test.before(async (t) => {
    t.timeout(900_000, 'the first run builds Kubernetes');
    plane = await startControlPlane(options);
  });
  test.after.always(() => plane?.stop());
  const started = (): ControlPlane => {
    if (plane === undefined) throw new TypeError('the control plane is started before the first test');
    return plane;
  };
  return {
    get plane() {
      return started();
    },
    async withLab(run, { hubArguments = [], prepare } = {}) {
      labs += 1;
      const nodeName = `edge-${labs}`;
      const lab = await startLab({
        plane: started(),
        nodeName,
        hubArguments: ['--replay-jitter', '0s', ...hubArguments],
        async prepare(cluster) {
          await cluster.createNamespace(nodeName);
          await prepare?.({ plane: cluster, namespace: nodeName });
        },
      });
      try {
        await lab.followed('v1/nodes');
        await lab.followed('v1/pods');
        const { url, caFile, userCertificate } = lab.plane;
        const direct = new ApiClient({ url, caFile, credentials: userCertificate(`system:node:${nodeName}`) });
        await run({
          lab,
          plane: lab.plane,
          namespace: nodeName,
          nodePath: `/api/v1/nodes/${nodeName}`,
          kubelet: kubeletRequests(() => lab.node, nodeName),
          direct: kubeletRequests(() => direct, nodeName, 'json'),
        });
      } finally {
        await lab.stop();
      }
    },
  };
}
