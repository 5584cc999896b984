// A cluster that lives comes to a higher version more than once a second; one of tests stands still unless something is
// written. Versions given out offline are passed by the cloud's own only in the first kind.
import type { ControlPlane } from './control-plane.ts';
import { many } from './lab.ts';

/** Writes of no interest to anybody, until the cloud's version is well above this one. */
export async function cloudGoesOn(plane: ControlPlane, version: string | bigint): Promise<void> {
  const path = '/api/v1/namespaces/kube-system/configmaps';
  const enough = BigInt(version) + 50n;
  const write = (n: number) =>
    plane.admin.expect('PATCH', `${path}/busy`, { data: { [`n${n}`]: String(performance.now()) } });
  const { status } = await plane.admin.request('GET', `${path}/busy`);
  if (status === 404) await plane.admin.expect('POST', path, { metadata: { name: 'busy' } });
  while (BigInt((await write(0)).metadata.resourceVersion) <= enough) await many(64, write);
}
