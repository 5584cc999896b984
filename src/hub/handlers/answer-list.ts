// A LIST answered from a complete scope, in plain JSON, as PartialObjectMetadataList, or in protobuf.
import { ListText } from '../../apimachinery/list-text.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { toPartialObjectMetadata } from '../../apimachinery/partial-object-metadata.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { expired } from '../../apimachinery/status.ts';
import type { FollowedScope } from '../../cache/followed-scope.ts';
import type { ReadOptions } from '../../cache/read-options.ts';
import { type Scope, scopeMatches } from '../../cache/scope.ts';
import { answerBody, answerText, cacheHeaders } from '../answer.ts';
import type { Exchange } from '../exchange.ts';
import type { ObjectView } from '../filters/object-view.ts';
import { notReached } from '../not-reached.ts';
import { asProtobuf, protobufType } from '../protobuf-answer.ts';
import type { StoreForm } from '../read-request.ts';

export interface ListAnswer {
  readonly followed: FollowedScope;
  readonly scope: Scope;
  readonly options: ReadOptions;
  readonly form: StoreForm;
  /** Milliseconds, on the scope's clock. */
  readonly now: number;
}

/**
 * All objects at once: a server may ignore `limit`, and a page token of our own could not be honoured after a change.
 * @throws StatusError 410 for a page token, an exact past version or one that was only given out here, 504 for one that is not
 *   reached yet
 */
export function answerList(exchange: Exchange, answer: ListAnswer): void {
  const { followed, scope, options, form, now } = answer;
  const { snapshot } = followed;
  if (options.continue !== '')
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. Start the list again without it.',
    );
  // A page of a bare version is asked for exactly that version, as the apiserver reads it.
  const isExact =
    options.resourceVersionMatch === 'Exact' || (options.limit > 0 && options.resourceVersionMatch === '');
  const isVersion = options.resourceVersion !== '' && options.resourceVersion !== '0';
  if (isExact && isVersion && options.resourceVersion !== snapshot.resourceVersion) {
    throw expired(`The resourceVersion for the provided list is too old: only ${snapshot.resourceVersion} is held`);
  }
  const wants = options.resourceVersion;
  if (wants !== '' && wants !== '0' && compareResourceVersion(wants, snapshot.resourceVersion) > 0) {
    throw notReached(followed, wants);
  }
  const all = snapshot.sorted();
  const selected = scope.id === followed.scope.id ? all : all.filter((object) => scopeMatches(scope, object));
  const objects = exchange.view === undefined ? selected : shownOf(selected, exchange.view);
  const asMetadata = form === 'partial-object-metadata';
  const listType = asMetadata ? { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' } : snapshot.listType;
  const items = asMetadata
    ? objects.map(({ body }) => ({ body: toPartialObjectMetadata(body), itemStart: 0 }))
    : objects;
  followed.wasRead(now);
  exchange.source = 'cache';
  exchange.tells?.(snapshot.resourceVersion);
  const text = new ListText({ ...listType, resourceVersion: snapshot.resourceVersion }, items);
  const age = followed.ageSeconds(now);
  if (form === 'protobuf') answerBody(exchange, 200, cacheHeaders(age, protobufType), asProtobuf(wholeOf(text)));
  else answerText(exchange, cacheHeaders(age), text);
}

function shownOf(objects: readonly KubernetesObject[], { show }: ObjectView): readonly KubernetesObject[] {
  return objects.flatMap((object) => show(object) ?? []);
}

function wholeOf(text: ListText): Buffer {
  const whole = Buffer.allocUnsafe(text.bytes);
  text.read(whole);
  return whole;
}
