// Objects that nobody has written here, and that are shown otherwise than the cloud has them because they follow from what
// was written here: shown as own writes are, and never sent anywhere. In memory only; another life finds out anew.
//
// Promise: what is owed to the cloud, or a client writes meanwhile, is shown instead.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import type { JsonObject } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { withMetadata } from '../writes/object-view.ts';
import { targetPath } from './entry.ts';
import type { OwedWrites } from './owed-writes.ts';

export interface Correction {
  readonly gvr: GroupVersionResource;
  /** As the cloud has it. */
  readonly cloud: KubernetesObject;
  /** The cloud's, read. */
  readonly before: JsonObject;
  /** As it is to be shown. */
  readonly after: JsonObject;
}

type Writes = Pick<OwedWrites, 'own' | 'versions' | 'spans' | 'owesObject'>;

export class Corrections {
  readonly #writes: Writes;
  readonly #wallClock: () => number;

  constructor(writes: Writes, wallClock: () => number) {
    this.#writes = writes;
    this.#wallClock = wallClock;
  }

  /** As it is shown now; undefined when it is not shown as corrected. */
  shown(path: string): JsonObject | undefined {
    const own = this.#writes.own.get(path);
    return own?.isCorrection === true ? own.value : undefined;
  }

  /** Resolves when every scope shows it. @returns false when something that was written to it is shown instead */
  async show({ gvr, cloud, before, after }: Correction): Promise<boolean> {
    const { own, versions, spans } = this.#writes;
    const { apiVersion, kind, namespace, name } = cloud;
    const target = { gvr, apiVersion, kind, namespace, name, subresource: '' };
    await versions.reserve();
    if (this.#isWritten(targetPath(target))) return false;
    const resourceVersion = versions.next();
    spans.gaveOut(gvr, resourceVersion);
    await own.show({
      target,
      before,
      cloudVersion: cloud.resourceVersion,
      after: withMetadata(after, { resourceVersion }),
      resourceVersion,
      writtenAt: this.#wallClock(),
      writer: nobody,
      isCorrection: true,
    });
    return true;
  }

  /** Resolves when every scope shows what the cloud has. */
  async end(path: string): Promise<void> {
    if (!this.#isWritten(path)) await this.#writes.own.giveUp(path);
  }

  #isWritten(path: string): boolean {
    const { own, owesObject } = this.#writes;
    return owesObject.call(this.#writes, path) || own.written(path) !== undefined;
  }
}

/** Who reads it by its name has to have the right to. */
const nobody = { identity: '', userAgent: '', fieldManager: '' };
