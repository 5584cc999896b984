// TokenRequests of the node's kubelet on their way through the hub: what the cloud issues is held, and while the cloud is
// away given again to the very same question. Nobody else's are: a token is issued to who asks for it.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../apimachinery/json.ts';
import { acceptsPlainJson, preferredRendering } from '../apimachinery/negotiation.ts';
import { decodeProtobuf } from '../apimachinery/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../apimachinery/protobuf/encode-protobuf.ts';
import { ProtobufError } from '../apimachinery/protobuf/protobuf-error.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { notAcceptable, StatusError, serviceUnavailable } from '../apimachinery/status.ts';
import { isApiserverAnswer } from '../cache/apiserver-answer.ts';
import { type AskedToken, readAskedToken } from '../cache/tokens/asked-token.ts';
import { answerBody, jsonType } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { protobufType } from './protobuf-answer.ts';
import { unpacked } from './read-body.ts';
import type { Forwarding, Services } from './services.ts';
import { writeRequestOf } from './write-request-of.ts';

export function isTokenRequest({ gvr, verb, subresource }: RequestInfo): boolean {
  return subresource === 'token' && verb === 'create' && gvr?.resource === 'serviceaccounts' && gvr.group === '';
}

const answerLimitBytes = 1024 * 1024;

/** What the cloud answers is held before the client has it. The body was read before. */
export async function ofTokenRequest(services: Services, exchange: Exchange): Promise<Forwarding> {
  const { cache, identities, metrics } = services;
  const asked = await keptAsk(exchange);
  const onHeaders: Forwarding['onHeaders'] = (statusCode, headers) => {
    identities.heard(exchange, 'POST', statusCode);
    if (asked !== undefined && statusCode === 404 && isApiserverAnswer(headers)) cache.tokens.wipe(asked);
  };
  if (asked === undefined) return { onHeaders };
  return {
    onHeaders,
    headers: { 'accept-encoding': undefined },
    teeLimitBytes: answerLimitBytes,
    isHeldForTee: true,
    tee: async (body, statusCode, headers) => {
      const answer = statusCode < 300 ? decoded(body, headers['content-type']) : undefined;
      if (answer === undefined || (await cache.tokens.keep(asked, answer)) === undefined) return;
      metrics.increment('tokens', { event: 'held' });
    },
  };
}

/** @throws StatusError 503 with the reason when there is none to give */
export async function answerHeldToken(services: Services, exchange: Exchange): Promise<void> {
  const { cache, link, podPresence, metrics } = services;
  const { accept } = exchange.request.headers;
  const isProtobuf = preferredRendering(accept) === 'protobuf' && !acceptsPlainJson(accept);
  if (!isProtobuf && !acceptsPlainJson(accept)) throw notAcceptable([jsonType, protobufType]);
  const asked = await askOf(exchange);
  const found =
    asked === undefined
      ? { reason: 'only tokens bound to a pod, asked for by the kubelet of this node, are kept here' }
      : cache.tokens.find(asked, podPresence);
  metrics.increment('tokens', { event: found.answer === undefined ? 'withheld' : 'replayed' });
  if (found.answer === undefined) {
    throw serviceUnavailable(
      `the cloud is not reachable ${link.describe()}, tokens are signed there, and ${found.reason}`,
    );
  }
  exchange.source = 'cache';
  const body = isProtobuf ? encodeProtobuf(found.answer) : Buffer.from(`${stringifyJson(found.answer)}\n`);
  const contentType = isProtobuf ? protobufType : jsonType;
  answerBody(exchange, 201, { 'content-type': contentType, 'x-holdfast-source': 'cache' }, body);
}

/** As `askOf`; what is wrong with the body the cloud says itself. */
async function keptAsk(exchange: Exchange): Promise<AskedToken | undefined> {
  try {
    return await askOf(exchange);
  } catch (error) {
    if (error instanceof StatusError && exchange.readBody !== undefined) return undefined;
    throw error;
  }
}

/**
 * undefined when it is none that may be kept.
 * @throws StatusError 400, 413, 415 for a body that cannot be read
 */
async function askOf(exchange: Exchange): Promise<AskedToken | undefined> {
  const { info, caller, request } = exchange;
  if (caller.credential.kind !== 'node' || caller.isImpersonating) return undefined;
  const { 'content-encoding': encoding, 'content-type': contentType, 'user-agent': userAgent = '' } = request.headers;
  const body = unpacked(await exchange.body(), encoding);
  const { body: decodedBody, query } = writeRequestOf({ info, kind: 'TokenRequest', contentType, userAgent, body });
  if (query.dryRun) return undefined;
  return readAskedToken({ namespace: info.namespace, serviceAccount: info.name }, decodedBody);
}

/** undefined for what is no TokenRequest, or in a form that is not read here. */
function decoded(body: Buffer, contentType = ''): JsonObject | undefined {
  try {
    const answer = contentType.startsWith(protobufType) ? decodeProtobuf(body).object : parseJson(body);
    return isJsonObject(answer) && answer.kind === 'TokenRequest' ? answer : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ProtobufError) return undefined;
    throw error;
  }
}
