// One token that the cloud has issued for a pod of this node, with the whole answer it came in. Pure.
//
// Promise: what is given out again is the cloud's own token, byte for byte, never beyond the token's own life; only
// `status.expirationTimestamp`, which tells the client when to ask again, is counted anew.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import { readJwtPayload } from '../../apimachinery/jwt.ts';
import { formatTime, parseTimestamp } from '../../apimachinery/schema/timestamp.ts';
import type { AskedToken } from './asked-token.ts';

export interface HeldToken {
  readonly asked: AskedToken;
  /** The TokenRequest as the cloud answered it. */
  readonly answer: JsonObject;
  /** Whom it is meant for, as it says itself; empty when it does not. */
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch, by the cloud's clock. */
  readonly issuedMs: number;
  /** The end of the token itself, which may be a year after the time at which its client is to ask again. */
  readonly expiresMs: number;
}

/**
 * @param nowMs stands for the time of issue where the token does not tell it
 * @returns undefined for an answer without a token, or one that does not say when it ends
 */
export function heldTokenOf(asked: AskedToken, answer: JsonObject, nowMs: number): HeldToken | undefined {
  const token = tokenOf(answer);
  if (token === undefined) return undefined;
  const { exp, iat, aud } = readJwtPayload(token) ?? {};
  const { expirationTimestamp } = answer.status as JsonObject;
  const told = typeof expirationTimestamp === 'string' ? parseTimestamp(expirationTimestamp)?.seconds : undefined;
  const ends = typeof exp === 'number' ? exp : told;
  if (ends === undefined) return undefined;
  return {
    asked,
    answer,
    audiences: [aud].flat().filter((one) => typeof one === 'string'),
    issuedMs: typeof iat === 'number' ? iat * 1000 : nowMs,
    expiresMs: ends * 1000,
  };
}

export function tokenOf(answer: JsonObject): string | undefined {
  const { status } = answer;
  const token = isJsonObject(status) ? status.token : undefined;
  return typeof token === 'string' && token !== '' ? token : undefined;
}

/** The answer as the cloud would give it now, were it to give the same token. */
export function answeredAnew({ answer, asked, expiresMs }: HeldToken, nowMs: number): JsonObject {
  const { spec, status } = answer;
  const granted = isJsonObject(spec) ? spec.expirationSeconds : undefined;
  const seconds = typeof granted === 'number' ? granted : asked.expirationSeconds;
  const ends = Math.floor(Math.min(expiresMs, nowMs + seconds * 1000) / 1000);
  return { ...answer, status: { ...(status as JsonObject), expirationTimestamp: formatTime(ends)! } };
}

/** As it stands on disk, where it is encrypted. */
export function encodeHeldToken({ asked, answer, issuedMs }: HeldToken): Buffer {
  return Buffer.from(stringifyJson({ asked: asked as unknown as JsonObject, answer, issuedMs }));
}

/** @throws SyntaxError, TypeError when it is not such a record */
export function decodeHeldToken(bytes: Buffer): HeldToken {
  const record = parseJson(bytes);
  const { asked, answer, issuedMs } = isJsonObject(record) ? record : {};
  const isWhole = isJsonObject(asked) && isJsonObject(answer) && typeof issuedMs === 'number';
  const held = isWhole ? heldTokenOf(asked as unknown as AskedToken, answer, issuedMs) : undefined;
  if (held === undefined) throw new TypeError('the record holds no token');
  return held;
}
