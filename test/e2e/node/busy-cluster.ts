// The other nodes of the cluster, as far as this one can tell: its version goes on, as in every cluster that lives. One that
// stands still ends watches that were given versions offline (410), for its own are below them.
import { setTimeout as delay } from 'node:timers/promises';
import type { ControlPlane } from '../control-plane.ts';

const everyMs = 100;

/** Writes something of no interest until the returned function is called; that resolves when it has ended. */
export async function keepBusy({ admin }: ControlPlane): Promise<() => Promise<void>> {
  const path = '/api/v1/namespaces/kube-system/configmaps';
  await admin.expect('POST', path, { metadata: { name: 'other-nodes' } });
  const stopping = new AbortController();
  const { signal } = stopping;
  const work = (async () => {
    for (let n = 0; !signal.aborted; n += 1) {
      await admin.expect('PATCH', `${path}/other-nodes`, { data: { n: `${n}` } });
      await delay(everyMs, undefined, { signal }).catch(() => undefined); // the loop looks at the signal itself
    }
  })();
  return async () => {
    stopping.abort();
    await work;
  };
}
