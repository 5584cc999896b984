// Sees the pods of a node as whoever kubelet talks to shows them, the moment they change, and costs next to nothing while it
// looks: one watch, held by a curl on the node.
import { closeSync, openSync, readSync } from 'node:fs';
import { hubDirectory } from '../e2e/node/edge-node.ts';
import type { NodeLab } from '../e2e/node/node-lab.ts';
import { type PodFacts, podFacts } from '../e2e/node/pod-facts.ts';

export interface PodOnlooker extends Disposable {
  /** As told until now. */
  pods(): readonly PodFacts[];
}

let count = 0;

/** From what is known of them on. The watch ends with the node's power, or when this is disposed of. */
export async function watchPods({ node, cloud, plane }: NodeLab, isHubAsked: boolean): Promise<PodOnlooker> {
  const admin = plane.userCertificate('admin');
  const pki = `${hubDirectory}/pki`;
  const at = isHubAsked
    ? { url: 'https://127.0.0.1:10268', ca: `${pki}/ca.crt`, cert: `${pki}/client.crt`, key: `${pki}/client.key` }
    : { url: cloud.url, ca: plane.caFile, cert: admin.certificateFile, key: admin.keyFile };
  const path = `/api/v1/pods?watch=true&resourceVersion=0&fieldSelector=spec.nodeName%3D${node.name}`;
  const credentials = ['--cacert', at.ca, '--cert', at.cert, '--key', at.key];
  count += 1;
  const curl = await node.launch(`onlooker-${count}`, 'curl', ['-sN', ...credentials, `${at.url}${path}`]);
  const file = openSync(curl.logFile, 'r');
  const chunk = Buffer.alloc(64 * 1024);
  const found = new Map<string, PodFacts>();
  let rest = Buffer.alloc(0);
  const take = (line: string): void => {
    const { type, object } = JSON.parse(line);
    const facts = podFacts(object);
    const key = `${facts.namespace}/${facts.name}`;
    if (type === 'DELETED') found.delete(key);
    else if (type === 'ADDED' || type === 'MODIFIED') found.set(key, facts);
    else throw new Error(`the watch of the onlooker ended: ${line}`);
  };
  return {
    pods() {
      for (let size = readSync(file, chunk); size > 0; size = readSync(file, chunk)) {
        rest = Buffer.concat([rest, chunk.subarray(0, size)]);
      }
      const end = rest.lastIndexOf(10);
      for (const line of rest.subarray(0, Math.max(0, end)).toString().split('\n')) if (line !== '') take(line);
      rest = rest.subarray(end + 1);
      return [...found.values()];
    },
    [Symbol.dispose]() {
      closeSync(file);
      if (!curl.hasEnded) process.kill(curl.pid, 'SIGKILL');
    },
  };
}
