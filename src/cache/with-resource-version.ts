// The same object at another resourceVersion: what a DELETED event carries. The bytes around the version are kept.
import type { KubernetesObject } from '../apimachinery/object.ts';

export function withResourceVersion(object: KubernetesObject, resourceVersion: string): KubernetesObject {
  const replace = (bytes: Buffer): Buffer => replaceVersion(bytes, object.resourceVersion, resourceVersion);
  const body = replace(object.body);
  return { ...object, resourceVersion, body, item: object.item === object.body ? body : replace(object.item) };
}

/** Changes the one version text in place; re-encodes when the first match was not metadata's own. */
function replaceVersion(bytes: Buffer, from: string, to: string): Buffer {
  const needle = Buffer.from(`"resourceVersion":"${from}"`);
  const at = bytes.indexOf(needle);
  if (at !== -1) {
    const replaced = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from(`"resourceVersion":"${to}"`),
      bytes.subarray(at + needle.length),
    ]);
    if (JSON.parse(replaced.toString()).metadata?.resourceVersion === to) return replaced;
  }
  const parsed = JSON.parse(bytes.toString());
  parsed.metadata.resourceVersion = to;
  return Buffer.from(JSON.stringify(parsed));
}
