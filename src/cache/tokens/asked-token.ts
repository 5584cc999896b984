// What a TokenRequest asks for: which account's token, for whom it is meant, how long it is to last, and the pod that it
// dies with. Two requests with the same answer here can be given the same token. Pure. Source: authentication.k8s.io/v1
// TokenRequest; kubernetes pkg/kubelet/token keys its own cache by the same.
import { hash } from 'node:crypto';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../apimachinery/json.ts';
import type { BoundPod } from './bound-pod.ts';

export interface AskedToken {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Sorted, each once. Empty: those of the apiserver itself. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly pod: BoundPod;
}

/** As the apiserver fills it in. */
const defaultExpirationSeconds = 3600;

/** undefined for a request that no token can be kept for: one that is not bound to a pod, or cannot be read. */
export function readAskedToken(
  account: { readonly namespace: string; readonly serviceAccount: string },
  body: JsonValue | undefined,
): AskedToken | undefined {
  const spec = memberOf(body, 'spec');
  const bound = memberOf(spec, 'boundObjectRef');
  if (spec === undefined || bound === undefined) return undefined;
  const { kind, apiVersion, name, uid } = bound;
  if (kind !== 'Pod' || (apiVersion !== 'v1' && apiVersion !== undefined)) return undefined;
  if (typeof name !== 'string' || typeof uid !== 'string' || name === '' || uid === '') return undefined;
  const audiences = textsOf(spec.audiences);
  const expirationSeconds = spec.expirationSeconds ?? defaultExpirationSeconds;
  if (audiences === undefined || typeof expirationSeconds !== 'number') return undefined;
  return { ...account, audiences, expirationSeconds, pod: { namespace: account.namespace, name, uid } };
}

/** The same for the same question. */
export function tokenKey({ namespace, serviceAccount, audiences, expirationSeconds, pod }: AskedToken): string {
  const rest = hash('sha256', JSON.stringify([pod.name, audiences, expirationSeconds]), 'hex').slice(0, 32);
  return `${namespace}/${serviceAccount}/${pod.uid}/${rest}`;
}

/** The question in full, as it is put to the cloud. */
export function tokenRequestOf({ audiences, expirationSeconds, pod }: AskedToken): JsonObject {
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    spec: {
      audiences: audiences.length === 0 ? null : audiences,
      expirationSeconds,
      boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: pod.name, uid: pod.uid },
    },
  };
}

function memberOf(value: JsonValue | undefined, key: string): JsonObject | undefined {
  const member = isJsonObject(value) ? value[key] : undefined;
  return isJsonObject(member) ? member : undefined;
}

function textsOf(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!isJsonArray(value) || !value.every((one) => typeof one === 'string')) return undefined;
  return [...new Set(value as readonly string[])].sort();
}
