// The cluster of `holdfast demo`: a control plane with TLS and moving objects, a link in front of it that can be cut, and
// the files a hub needs to join it. Everything listens on loopback; the files belong to one directory.

import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Clock } from '../apimachinery/clock.ts';
import { createDemoAuthority } from './certificates.ts';
import { startClusterLife } from './cluster-life.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type Link, startLink } from './link.ts';
import { startLinkControl } from './link-control.ts';
import { populate } from './population.ts';
import type { Random } from './random.ts';

export interface DemoClusterOptions {
  /** Files go into <dataDir>/cloud. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: (line: string) => void;
  /** One of the cluster's nodes: edge-1 (default), edge-2, edge-3. */
  readonly nodeName?: string;
}

export interface DemoCluster {
  /** For the hub: the node's certificate, over the link. */
  readonly kubeconfigPath: string;
  /** For people: an administrator, past the hub and past the link. */
  readonly cloudKubeconfigPath: string;
  readonly nodeName: string;
  /** https://127.0.0.1:<port>: where the hub finds the cloud. */
  readonly linkUrl: string;
  /** http://127.0.0.1:<port>/link: POST <it>/cut, <it>/heal. */
  readonly linkControlUrl: string;
  readonly adminToken: string;
  readonly controlPlane: ControlPlane;
  readonly link: Link;
  close(): Promise<void>;
}

export async function startDemoCluster(options: DemoClusterOptions): Promise<DemoCluster> {
  const { clock, random, log, nodeName = 'edge-1' } = options;
  const authority = createDemoAuthority({ nowMs: Date.now() });
  const adminToken = randomBytes(24).toString('base64url');
  const controlPlane = await startControlPlane({
    clock,
    random,
    ...(log === undefined ? {} : { log }),
    tls: { ...authority.issueServer(['127.0.0.1', 'localhost']), ca: authority.cert },
    tokens: { [adminToken]: { name: 'demo-admin', groups: ['system:masters'] } },
  });
  populate(controlPlane.store, { random, clock, rootCertificate: authority.cert });
  const stopLife = startClusterLife(controlPlane.store, { clock, random });
  const link = await startLink({ target: { host: '127.0.0.1', port: controlPlane.port } });
  const control = await startLinkControl(link);
  const linkUrl = `https://127.0.0.1:${link.port}`;
  const directory = resolve(options.dataDir, 'cloud');
  const node = authority.issueClient(`system:node:${nodeName}`, ['system:nodes']);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const path = (name: string): string => join(directory, name);
  const files: readonly (readonly [string, string])[] = [
    ['ca.crt', authority.cert],
    ['node.crt', node.cert],
    ['node.key', node.key],
    [
      'kubeconfig',
      kubeconfig(
        linkUrl,
        path('ca.crt'),
        `client-certificate: ${path('node.crt')}\n      client-key: ${path('node.key')}`,
      ),
    ],
    ['admin.kubeconfig', kubeconfig(controlPlane.url, path('ca.crt'), `token: ${adminToken}`)],
  ];
  for (const [name, text] of files) await writeFile(path(name), text, { mode: 0o600 });
  return {
    kubeconfigPath: path('kubeconfig'),
    cloudKubeconfigPath: path('admin.kubeconfig'),
    nodeName,
    linkUrl,
    linkControlUrl: control.url,
    adminToken,
    controlPlane,
    link,
    close: async () => {
      stopLife();
      await Promise.all([control.close(), link.close(), controlPlane.close()]);
    },
  };
}

function kubeconfig(server: string, caPath: string, user: string): string {
  return `apiVersion: v1
kind: Config
clusters:
  - name: demo
    cluster:
      server: ${server}
      certificate-authority: ${JSON.stringify(caPath)}
users:
  - name: demo
    user:
      ${user}
contexts:
  - name: demo
    context:
      cluster: demo
      user: demo
current-context: demo
`;
}
