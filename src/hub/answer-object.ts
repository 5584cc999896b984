// One object answered to a GET: through the client's filters, in the form that it takes.
import { readObject } from '../apimachinery/object.ts';
import { toPartialObjectMetadata } from '../apimachinery/partial-object-metadata.ts';
import { notAcceptable, notFound } from '../apimachinery/status.ts';
import { answerBody, jsonType } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { asProtobuf, protobufType } from './protobuf-answer.ts';
import type { ObjectRead, Read, StoreForm } from './read-request.ts';

/**
 * @param body JSON, as the cloud has it
 * @param headers besides the content type
 * @throws StatusError 404 when a filter hides it from this client, 406 for a form that it has not
 */
export function answerObject(
  exchange: Exchange,
  read: ObjectRead,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  const form = storeFormOf(read);
  const shown = exchange.view === undefined ? { body } : exchange.view.show(readObject(read.gvr, body));
  if (shown === undefined) throw notFound(read.gvr, read.name);
  const contentType = form === 'protobuf' ? protobufType : jsonType;
  answerBody(exchange, 200, { ...headers, 'content-type': contentType }, inForm[form](shown.body));
}

/** Columns of a Table are made by the cloud. @throws StatusError 406 */
export function storeFormOf({ form, takesJson }: Read): StoreForm {
  if (form === 'protobuf' || form === 'partial-object-metadata') return form;
  if (takesJson) return 'json';
  throw notAcceptable([jsonType, protobufType]);
}

const inForm: Readonly<Record<StoreForm, (body: Buffer) => Buffer>> = {
  json: (body) => body,
  protobuf: asProtobuf,
  'partial-object-metadata': toPartialObjectMetadata,
};
