// What the question "does this address still have an owner?" needs to know of a pod, read from its JSON once.
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../apimachinery/json.ts';
import { objectAt, textAt } from '../../apimachinery/object-fields.ts';
import type { OwnerKind } from '../directory/retention-record.ts';

export interface PodFact {
  readonly namespace: string;
  readonly name: string;
  /** As a runtime is told: of a static pod the hash of its manifest, for its mirror's own uid is another one. */
  readonly uid: string;
  readonly nodeName: string;
  /** Succeeded or Failed: its containers never run again. */
  readonly hasEnded: boolean;
  /** Somebody has asked for its deletion, and it may still run. */
  readonly isLeaving: boolean;
  readonly ownerKind: OwnerKind;
}

const mirrorAnnotation = 'kubernetes.io/config.mirror';
const manifestHash = 'kubernetes.io/config.hash';

export function podFactOf(pod: JsonObject): PodFact {
  const metadata = objectAt(pod, 'metadata');
  const annotations = objectAt(metadata, 'annotations');
  const phase = textAt(objectAt(pod, 'status'), 'phase');
  const isMirror = Object.hasOwn(annotations, mirrorAnnotation);
  return {
    namespace: textAt(metadata, 'namespace'),
    name: textAt(metadata, 'name'),
    uid:
      (isMirror && (textAt(annotations, manifestHash) || textAt(annotations, mirrorAnnotation))) ||
      textAt(metadata, 'uid'),
    nodeName: textAt(objectAt(pod, 'spec'), 'nodeName'),
    hasEnded: phase === 'Succeeded' || phase === 'Failed',
    isLeaving: textAt(metadata, 'deletionTimestamp') !== '',
    ownerKind: isMirror ? 'static' : ownerKindOf(metadata.ownerReferences),
  };
}

function ownerKindOf(references: JsonValue | undefined): OwnerKind {
  const all = isJsonArray(references) ? references.filter(isJsonObject) : [];
  const controller = all.find((one) => one.controller === true);
  if (controller === undefined) return 'bare';
  return controller.kind === 'StatefulSet' ? 'stateful-set' : 'renaming';
}
