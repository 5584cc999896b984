// GET and LIST that a filter concerns and that cannot be answered from what is followed here: asked of the cloud in JSON,
// learned from as any answer, and handed on object by object as this client is shown them. An answer is held whole, with a
// limit, until its client has taken it.
import { splitList } from '../../apimachinery/list-splitter.ts';
import { ListText } from '../../apimachinery/list-text.ts';
import { readListItem } from '../../apimachinery/object.ts';
import { toPartialObjectMetadata } from '../../apimachinery/partial-object-metadata.ts';
import { UpstreamStatusError } from '../../cache/errors.ts';
import { answerBody, answerText, jsonType } from '../answer.ts';
import { answerObject, storeFormOf } from '../answer-object.ts';
import type { Exchange, Handler } from '../exchange.ts';
import type { ObjectView } from '../filters/object-view.ts';
import { HeldBodies, type HeldBody } from '../held-bodies.ts';
import { asProtobuf, protobufType } from '../protobuf-answer.ts';
import type { CollectionRead } from '../read-request.ts';
import type { Services } from '../services.ts';
import { BodyEnds } from '../upstream/body-ends.ts';
import type { ResponseHeaders } from '../upstream/forward.ts';
import { forwardingOf } from './forward-upstream.ts';
import { passedHeaders } from './passed-headers.ts';

/** A page of 500 large objects fits; of what is held, an answer takes three times its size while it is made. */
const limits = { answerBytes: 32 * 1024 * 1024, totalBytes: 48 * 1024 * 1024 };

export function serveFiltered(services: Services): Handler {
  const heldBodies = new HeldBodies(limits);
  return async (exchange, next) => {
    const { read, view } = exchange;
    if (read === undefined || view === undefined) return next();
    storeFormOf(read); // before the cloud is asked
    exchange.source = 'upstream';
    if (read.verb === 'watch') throw new TypeError('a watch through filters is answered above');
    const held = heldBodies.open();
    exchange.response.once('close', held.release);
    const { body, headers } = await ask(services, exchange, held);
    if (read.verb === 'get') answerObject(exchange, read, body, headers);
    else answerCollection(exchange, read, view, body, headers);
  };
}

/** @throws UpstreamStatusError with the cloud's refusal; UpstreamUnreachableError; StatusError when it is too large */
async function ask(
  services: Services,
  exchange: Exchange,
  held: HeldBody,
): Promise<{ readonly body: Buffer; readonly headers: Readonly<Record<string, string>> }> {
  const { caller, info, request, signal } = exchange;
  const answer = await services.transport.get({
    credential: caller.credential,
    path: info.path + info.search,
    headers: { ...passedHeaders(request.headers), accept: jsonType, 'accept-encoding': 'gzip' },
    signal,
  });
  const { statusCode } = answer;
  const { 'content-encoding': _decoded, ...headers } = answer.headers as ResponseHeaders;
  const learning = forwardingOf(services, exchange);
  learning.onHeaders?.(statusCode, headers);
  const chunks: Buffer[] = [];
  for await (const chunk of answer.body) {
    held.add(chunk.length);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  if (statusCode !== 200) throw new UpstreamStatusError({ ...answer, body });
  const ends = new BodyEnds();
  ends.add(body);
  await learning.peek?.(ends, statusCode, headers);
  await learning.tee?.(body, statusCode, headers);
  const warning = headers.warning;
  return { body, headers: warning === undefined ? {} : { warning: String(warning) } };
}

function answerCollection(
  exchange: Exchange,
  read: CollectionRead,
  { show }: ObjectView,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  const list = splitList(body);
  exchange.tells?.(list.resourceVersion);
  const shown = list.items.flatMap((item) => show(readListItem(read.scope.gvr, item, list)) ?? []);
  const form = storeFormOf(read);
  const asMetadata = form === 'partial-object-metadata';
  const type = asMetadata ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' } : list;
  const items = asMetadata ? shown.map((one) => ({ body: toPartialObjectMetadata(one.body), itemStart: 0 })) : shown;
  const { kind, apiVersion } = type;
  const text = new ListText(
    { kind, apiVersion, resourceVersion: list.resourceVersion, continue: list.continue },
    items,
  );
  if (form !== 'protobuf') {
    answerText(exchange, { ...headers, 'content-type': jsonType }, text);
    return;
  }
  const whole = Buffer.allocUnsafe(text.bytes);
  text.read(whole);
  answerBody(exchange, 200, { ...headers, 'content-type': protobufType }, asProtobuf(whole));
}
