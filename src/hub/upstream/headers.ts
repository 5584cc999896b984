// Which headers cross the hub. Names keep their case and repeated headers stay repeated; what belongs to one connection
// only (RFC 9110 §7.6.1) stays on it. Pure.
import { isApiserverAnswer } from '../../cache/apiserver-answer.ts';

/** Flat: name, value, name, value. */
export type RawHeaders = readonly string[];

const ofOneConnection: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
]);

/** Of the first leg only: the name it was reached by, and `100 Continue`, which the hub has already answered. */
const ofTheFirstLeg: ReadonlySet<string> = new Set(['host', 'expect']);

export interface RequestHeaderRules {
  /** Lower-case names. A string replaces what the client sent, undefined removes it. */
  readonly overrides?: Readonly<Record<string, string | undefined>> | undefined;
  /** What goes out as Authorization: the client's own (`forward`), none (undefined), or this text. */
  readonly authorization: 'forward' | { readonly text: string } | undefined;
  /** The body goes out from a buffer, and its length with it. */
  readonly dropContentLength?: boolean;
}

/**
 * The client's request headers as they go upstream. X-Remote-* never does: it is how a front proxy names another user
 * (kube-apiserver --requestheader-username-headers). A second Authorization header is dropped: the hub judged the first.
 */
export function requestHeaders(raw: RawHeaders, rules: RequestHeaderRules): string[] {
  const { overrides, authorization } = rules;
  const listed = connectionListed(raw);
  const out: string[] = [];
  let mayForwardAuthorization = authorization === 'forward';
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const lower = name.toLowerCase();
    if (ofOneConnection.has(lower) || ofTheFirstLeg.has(lower) || lower.startsWith('x-remote-')) continue;
    if (listed?.has(lower) && !isNeverListed(lower)) continue;
    if (overrides !== undefined && Object.hasOwn(overrides, lower)) continue;
    if (lower === 'content-length' && rules.dropContentLength === true) continue;
    if (lower === 'authorization') {
      if (!mayForwardAuthorization) continue;
      mayForwardAuthorization = false;
    }
    out.push(name, raw[i + 1]!);
  }
  if (typeof authorization === 'object') out.push('Authorization', authorization.text);
  if (overrides !== undefined) {
    for (const name of Object.keys(overrides)) {
      const value = overrides[name];
      if (value !== undefined) out.push(name, value);
    }
  }
  return out;
}

/** The server's response headers as they go to the client. Trailers are not passed on, so they are not announced. */
export function responseHeaders(raw: readonly (Buffer | string)[]): string[] {
  const out: string[] = [];
  let listed: ReadonlySet<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = textOf(raw[i]!);
    const lower = name.toLowerCase();
    if (lower === 'connection') listed = addTokens(listed, textOf(raw[i + 1]!));
    if (!ofOneConnection.has(lower)) out.push(name, textOf(raw[i + 1]!));
  }
  return listed === undefined ? out : without(out, listed);
}

/**
 * The head with which the hub switches protocols towards the client, as the server wrote it: here Connection and Upgrade
 * are part of the message.
 */
export function switchingHead(statusCode: number, raw: readonly (Buffer | string)[]): Buffer {
  let head = `HTTP/1.1 ${statusCode} Switching Protocols\r\n`;
  for (let i = 0; i < raw.length; i += 2) head += `${textOf(raw[i]!)}: ${textOf(raw[i + 1]!)}\r\n`;
  return Buffer.from(`${head}\r\n`, 'latin1');
}

function textOf(bytes: Buffer | string): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1');
}

function without(headers: string[], listed: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const lower = headers[i]!.toLowerCase();
    if (!listed.has(lower) || isNeverListed(lower)) kept.push(headers[i]!, headers[i + 1]!);
  }
  return kept;
}

/** Names in Connection headers, or undefined when there are none besides the usual. */
function connectionListed(raw: RawHeaders): ReadonlySet<string> | undefined {
  let listed: ReadonlySet<string> | undefined;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    if (name.length === 10 && name.toLowerCase() === 'connection') listed = addTokens(listed, raw[i + 1]!);
  }
  return listed;
}

function addTokens(listed: ReadonlySet<string> | undefined, value: string): ReadonlySet<string> | undefined {
  const lower = value.trim().toLowerCase();
  if (lower === 'keep-alive' || lower === 'close' || lower === 'upgrade') return listed;
  return new Set([...(listed ?? []), ...lower.split(',').map((token) => token.trim())]);
}

/** Naming these in Connection must not remove them: that would change who asks, or where the message ends. */
function isNeverListed(lower: string): boolean {
  return (
    lower === 'authorization' ||
    lower === 'content-length' ||
    lower === 'content-type' ||
    lower === 'content-encoding' ||
    lower.startsWith('impersonate-')
  );
}

/** The request is framed as having a body; an absent or zero Content-Length without chunks means none (RFC 9112 §6.3). */
export function hasBody(headers: Readonly<Record<string, string | string[] | undefined>>): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  const length = headers['content-length'];
  return length !== undefined && length !== '0';
}

/**
 * True for a 502, 503 or 504 that the apiserver did not write: it marks its answers with an Audit-Id and writes
 * errors as a Status in JSON, protobuf or CBOR; load balancers write HTML or plain text.
 */
export function isGatewayAnswer(
  statusCode: number,
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): boolean {
  if (statusCode !== 502 && statusCode !== 503 && statusCode !== 504) return false;
  return !isApiserverAnswer(headers);
}
