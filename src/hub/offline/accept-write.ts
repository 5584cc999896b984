// A write that this node takes in for the cloud: judged, kept, shown, answered.
import { type JsonObject, stringifyJson } from '../../apimachinery/json.ts';
import { acceptsPlainJson, preferredRendering } from '../../apimachinery/negotiation.ts';
import { encodeProtobuf } from '../../apimachinery/protobuf/encode-protobuf.ts';
import { ProtobufError } from '../../apimachinery/protobuf/protobuf-error.ts';
import { notAcceptable } from '../../apimachinery/status.ts';
import { targetPath } from '../../cache/outbox/entry.ts';
import type { Outcome } from '../../cache/outbox/outcome.ts';
import { builtInKind } from '../../cache/writes/kinds/rules-of.ts';
import { fieldWarnings } from '../../cache/writes/strict-problems.ts';
import type { WriteRequest } from '../../cache/writes/write-request.ts';
import { answerBody, jsonType } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import { protobufType } from '../protobuf-answer.ts';
import { unpacked } from '../read-body.ts';
import type { Services } from '../services.ts';
import { warningHeaders } from '../warning-headers.ts';
import { writeRequestOf } from '../write-request-of.ts';

/** @throws StatusError as the apiserver would refuse it, or 503 with the reason why it is not kept here */
export async function acceptWrite(services: Services, exchange: Exchange, outcome?: Outcome): Promise<void> {
  const identity = services.identities.offline(exchange);
  const { headers } = exchange.request;
  const isProtobuf = preferredRendering(headers.accept) === 'protobuf' && !acceptsPlainJson(headers.accept);
  if (!isProtobuf && !acceptsPlainJson(headers.accept)) throw notAcceptable([jsonType, protobufType]);
  const request = await askedWrite(services, exchange);
  const { credential, bearer } = exchange.caller;
  let bytes: Buffer = Buffer.alloc(0);
  const caller = {
    identity,
    userAgent: headers['user-agent'] ?? '',
    fieldManager: request.query.fieldManager,
    ...(credential.kind === 'bearer' && { token: credential.token }),
    isNode: bearer === undefined,
    mayWrite: (asked: WriteRequest) => mayWrite(services, identity, asked),
    render: (answer: JsonObject) => {
      bytes = isProtobuf ? protobufOf(answer) : Buffer.from(`${stringifyJson(answer)}\n`);
    },
  };
  const { statusCode } = await services.cache.writes.accept(request, caller, outcome);
  exchange.source = 'cache';
  const contentType = isProtobuf ? protobufType : jsonType;
  const warning = warningHeaders(fieldWarnings(request));
  answerBody(exchange, statusCode, { 'content-type': contentType, 'x-holdfast-source': 'outbox', ...warning }, bytes);
}

/** @throws StatusError 406 for kinds and fields that have no protobuf form here */
function protobufOf(answer: JsonObject): Buffer {
  try {
    return encodeProtobuf(answer);
  } catch (error) {
    if (error instanceof ProtobufError) throw notAcceptable([jsonType], { cause: error });
    throw error;
  }
}

/** @throws StatusError 400, 413 or 415 for a body that cannot be read */
export async function askedWrite({ cache }: Services, exchange: Exchange): Promise<WriteRequest> {
  const { info, request } = exchange;
  const { 'content-encoding': encoding, 'content-type': contentType, 'user-agent': userAgent = '' } = request.headers;
  const body = unpacked(await exchange.body(), encoding);
  const kind = cache.documents.discovery.of(info.gvr!)?.kind ?? builtInKind(info.gvr!) ?? '';
  return writeRequestOf({ info, kind, contentType, userAgent, body });
}

/** What the cloud was seen to let them do, and whatever they do to what they have made here and it has not heard of. */
function mayWrite({ cache }: Services, identity: string, request: WriteRequest): boolean {
  if (cache.grants.has(identity, request)) return true;
  const owed = cache.writes.outbox.pendingOf(targetPath(request));
  return request.verb !== 'create' && owed.findLast(({ op }) => op === 'create')?.writer.identity === identity;
}
