// A control plane of the demo for one test: manual clock, seeded randomness, namespace `test`, closed with the test.
import type { ExecutionContext } from 'ava';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../../src/demo/control-plane.ts';
import type { DraftDocument } from '../../src/demo/document.ts';
import { seededRandom } from '../../src/demo/random.ts';
import { definitionOfKey } from '../../src/demo/resource-definitions.ts';
import type { StoredObject } from '../../src/demo/stored-object.ts';
import { ManualClock } from './manual-clock.ts';

export interface TestedControlPlane {
  readonly plane: ControlPlane;
  readonly clock: ManualClock;
  /** URL of a collection or object of the core group in namespace `test`, e.g. `/configmaps?limit=1`. */
  at(path: string): string;
  put(key: string, draft: DraftDocument): StoredObject;
  putConfigMap(name: string, labels?: Record<string, string>): StoredObject;
}

export async function startTestedControlPlane(
  t: ExecutionContext,
  options: Partial<ControlPlaneOptions> = {},
): Promise<TestedControlPlane> {
  const clock = new ManualClock();
  const plane = await startControlPlane({ clock, random: seededRandom(7), ...options });
  t.teardown(() => plane.close());
  for (const name of ['kube-system', 'test']) {
    plane.store.create(definitionOfKey('v1/namespaces'), '', { metadata: { name } });
  }
  const put = (key: string, draft: DraftDocument): StoredObject =>
    plane.store.create(definitionOfKey(key), 'test', draft);
  return {
    plane,
    clock,
    at: (path) => `${plane.url}/api/v1/namespaces/test${path}`,
    put,
    putConfigMap: (name, labels = {}) => put('v1/configmaps', { metadata: { name, labels }, data: { name } }),
  };
}
