// The version that a kube-apiserver's page token continues.
// Source: apiserver pkg/storage/continue.go: base64url of JSON with `rv`.
import { isJsonObject, parseJson } from './json.ts';
import { isResourceVersion } from './resource-version.ts';

/** Undefined for a token that names none: it continues at whatever is newest, or is of another make. */
export function continuedVersion(token: string): string | undefined {
  try {
    const content = parseJson(Buffer.from(token, 'base64url'));
    const version = isJsonObject(content) ? String(content.rv) : '';
    return isResourceVersion(version) ? version : undefined;
  } catch {
    return undefined; // no JSON: of another make
  }
}
