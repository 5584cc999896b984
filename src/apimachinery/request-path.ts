// Cuts the path of a request target into decoded segments, and refuses every path that two readers could understand
// differently: what the node's rights were checked for must be what the cloud answers.

import { badRequest } from './status.ts';

/** '/api/v1/pods/' gives ['api', 'v1', 'pods']. Throws StatusError 400. */
export function pathSegments(path: string): readonly string[] {
  if (path[0] !== '/') throw malformed(path, "it does not begin with '/'", "send the path alone, as in '/api/v1/pods'");
  if (/[^!-~]|#/.test(path)) {
    throw malformed(path, 'it contains a raw blank, control, # or non-ASCII character', 'percent-encode it');
  }
  const segments = path.slice(1, path.endsWith('/') ? -1 : undefined).split('/');
  if (segments.length === 1 && segments[0] === '') {
    if (path === '//') throw malformed(path, 'it contains an empty segment', 'write each slash once');
    return [];
  }
  const isEncoded = path.includes('%');
  const decoded = isEncoded ? segments.map((segment) => decodeSegment(path, segment)) : segments;
  if (decoded.includes('')) throw malformed(path, 'it contains an empty segment', 'write each slash once');
  if (decoded.includes('.') || decoded.includes('..')) {
    throw malformed(path, "it contains a '.' or '..' segment", 'send the resolved path');
  }
  return decoded;
}

function decodeSegment(path: string, segment: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch (cause) {
    throw malformed(
      path,
      `the percent-encoding of '${segment}' is invalid`,
      "encode UTF-8 bytes as '%' and two hex digits",
      cause,
    );
  }
  if (decoded.includes('/'))
    throw malformed(path, `'${segment}' contains an encoded slash`, 'no name contains a slash');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[\x00-\x1f\x7f]/.test(decoded)) {
    throw malformed(path, `'${segment}' contains an encoded control character`, 'remove it');
  }
  return decoded;
}

function malformed(path: string, problem: string, remedy: string, cause?: unknown): Error {
  const shown = JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
  return badRequest(`the request path ${shown} is malformed: ${problem}; ${remedy}`, { cause });
}
