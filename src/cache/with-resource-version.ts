// The same object at another resourceVersion: what a DELETED event carries. All other bytes are kept.
import { scanMembers, skipValue } from '../apimachinery/json-scanner.ts';
import type { KubernetesObject } from '../apimachinery/object.ts';

export function withResourceVersion(object: KubernetesObject, resourceVersion: string): KubernetesObject {
  const body = replaceVersion(object.body, resourceVersion);
  return { ...object, resourceVersion, body };
}

function replaceVersion(bytes: Buffer, resourceVersion: string): Buffer {
  const metadata = memberAt(bytes, 'metadata');
  const version = metadata && memberAt(bytes.subarray(metadata.start, metadata.end), 'resourceVersion');
  if (metadata === undefined || version === undefined)
    throw new TypeError('the object has no resourceVersion to replace');
  const value = Buffer.from(JSON.stringify(resourceVersion));
  return Buffer.concat([
    bytes.subarray(0, metadata.start + version.start),
    value,
    bytes.subarray(metadata.start + version.end),
  ]);
}

function memberAt(bytes: Buffer, name: string): { readonly start: number; readonly end: number } | undefined {
  let found: { start: number; end: number } | undefined;
  scanMembers(bytes, (key, start) => {
    const end = skipValue(bytes, start);
    if (key === name) found = { start, end };
    return end;
  });
  return found;
}
