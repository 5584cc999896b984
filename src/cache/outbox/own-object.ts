// An object as it was written here, for those who read it before the cloud has it.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { type JsonObject, stringifyJson } from '../../apimachinery/json.ts';
import { type KubernetesObject, readObject } from '../../apimachinery/object.ts';
import { uidOf } from '../writes/object-view.ts';
import type { AcceptedWrite } from './entry.ts';

export interface OwnObject {
  readonly gvr: GroupVersionResource;
  /** `${namespace}/${name}` */
  readonly key: string;
  /** Undefined when it was deleted here. */
  readonly object: KubernetesObject | undefined;
  /** Also of one that was deleted. */
  readonly uid: string;
  readonly value: JsonObject | undefined;
  readonly resourceVersion: string;
  readonly writtenAt: number;
  /** As the cloud was known to have it; some scopes may not have heard of it. */
  readonly cloud: KubernetesObject | undefined;
  /** Who has written it, and so may read it. */
  readonly writers: ReadonlySet<string>;
  /** Nobody has written it: it is what follows here from other writes, and no write of a client goes on top of it. */
  readonly isCorrection?: true;
}

export type ShownWrite = Pick<
  AcceptedWrite,
  'target' | 'before' | 'cloudVersion' | 'after' | 'resourceVersion' | 'writtenAt' | 'writer'
> &
  Pick<OwnObject, 'isCorrection'>;

/** @param known what was written to it here before */
export function ownObject(
  { target, before, cloudVersion, after, resourceVersion, writtenAt, writer, isCorrection }: ShownWrite,
  known: OwnObject | undefined,
): OwnObject {
  const { gvr, namespace, name } = target;
  // Made anew it is another object, and nobody else's.
  const isNew = before === undefined;
  return {
    gvr,
    key: `${namespace}/${name}`,
    object: after === undefined ? undefined : readObject(gvr, Buffer.from(stringifyJson(after))),
    uid: uidOf(after ?? before),
    value: after,
    resourceVersion,
    writtenAt,
    cloud:
      cloudVersion === '' || before === undefined ? known?.cloud : readObject(gvr, Buffer.from(stringifyJson(before))),
    writers: writersOf(isNew ? undefined : known?.writers, writer.identity),
    ...(isCorrection === true && { isCorrection }),
  };
}

function writersOf(known: ReadonlySet<string> | undefined, identity: string): ReadonlySet<string> {
  return known?.has(identity) ? known : new Set(known).add(identity);
}
