// One token that the cloud has issued for a pod of this node, with the whole answer it came in. Pure.
//
// Promise: what is given out again is the cloud's own token, byte for byte, never beyond the token's own life; only
// `status.expirationTimestamp`, which tells the client when to ask again, is counted anew.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import { readJwtPayload } from '../../apimachinery/jwt.ts';
import { formatTime, parseTimestamp } from '../../apimachinery/schema/timestamp.ts';
import type { AskedToken } from './asked-token.ts';

/** One that kubelet was given: it mounts it until it asks anew, whatever is held here since. */
export interface GivenToken {
  /** SHA-256 of the token, hex. */
  readonly hash: string;
  readonly expiresMs: number;
}

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
  /** For the same question, this one among them once kubelet has it; the latest last. */
  readonly given: readonly GivenToken[];
}

/** kubelet mounts the latest; a program may not have read its file again yet. */
const givenLimit = 4;

/** Those that kubelet was given so far, and one more. */
export function givenWith(given: readonly GivenToken[], token: GivenToken, nowMs: number): readonly GivenToken[] {
  const others = given.filter(({ hash, expiresMs }) => hash !== token.hash && expiresMs > nowMs);
  return [...others, token].slice(-givenLimit);
}

/**
 * @param nowMs stands for the time of issue where the token does not tell it
 * @returns undefined for an answer without a token, or one that does not say when it ends
 */
export function heldTokenOf(
  asked: AskedToken,
  answer: JsonObject,
  nowMs: number,
  given: readonly GivenToken[] = [],
): HeldToken | undefined {
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
    given,
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
export function encodeHeldToken({ asked, answer, issuedMs, given }: HeldToken): Buffer {
  const noted = given.map(({ hash, expiresMs }) => ({ hash, expiresMs }));
  return Buffer.from(stringifyJson({ asked: asked as unknown as JsonObject, answer, issuedMs, given: noted }));
}

/** @throws SyntaxError, TypeError when it is not such a record */
export function decodeHeldToken(bytes: Buffer): HeldToken {
  const record = parseJson(bytes);
  const { asked, answer, issuedMs, given } = isJsonObject(record) ? record : {};
  const isWhole = isJsonObject(asked) && isJsonObject(answer) && typeof issuedMs === 'number';
  const held = isWhole ? heldTokenOf(asked as unknown as AskedToken, answer, issuedMs, readGiven(given)) : undefined;
  if (held === undefined) throw new TypeError('the record holds no token');
  return held;
}

function readGiven(value: unknown): readonly GivenToken[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one) => {
    const { hash, expiresMs } = isJsonObject(one) ? one : {};
    return typeof hash === 'string' && typeof expiresMs === 'number' ? [{ hash, expiresMs }] : [];
  });
}
