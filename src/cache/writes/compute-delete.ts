// DELETE of one object: preconditions, grace, finalizers. Source: apiserver pkg/registry/rest/delete.go and
// pkg/registry/generic/registry/store.go.

import { equalJson, isJsonObject, type JsonObject, own } from '../../apimachinery/json.ts';
import { formatTime, parseTimestamp } from '../../apimachinery/schema/timestamp.ts';
import { badRequest, conflict, invalid, notFound } from '../../apimachinery/status.ts';
import { decodeObject } from './decode-object.ts';
import { type FieldProblem, invalidValue, notSupported } from './field-problem.ts';
import type { KindRules } from './kinds/kind-rules.ts';
import { childOf, isSet, listOf, metadataOf, numberOf, textOf, withMetadata } from './object-view.ts';
import { cannotJudge } from './refusals.ts';
import type { ComputedWrite, Known, WriteContext, WriteRequest } from './write-request.ts';

interface DeleteOptions {
  readonly graceSeconds: number | undefined;
  readonly propagation: string | undefined;
  readonly orphans: boolean | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
}

export function computeDelete(
  request: WriteRequest,
  known: Known,
  context: WriteContext,
  rules: KindRules,
): ComputedWrite {
  const { gvr, name } = request;
  if (request.subresource !== '') throw cannotJudge(gvr, `nothing is deleted in ${request.subresource}`);
  const options = readOptions(request);
  if (known.state === 'unknown') throw cannotJudge(gvr, `nobody has seen yet whether ${JSON.stringify(name)} exists`);
  if (known.state === 'absent') throw notFound(gvr, name);
  const before = known.object;
  checkPreconditions(request, options, before);
  const grace = withGrace(before, options, context, rules);
  const waiting = options.orphans === false ? 202 : 200;
  const asItIs = { op: 'none', statusCode: waiting, before, after: before, answer: before } as const;
  if (grace === 'pending') return asItIs;
  const object = grace?.object ?? before;
  const finalizers = finalizersAfter(object, options, rules);
  const finish = (one: JsonObject) =>
    decodeObject(request, withMetadata(one, { resourceVersion: context.resourceVersion }), before);
  if (finalizers.length > 0) {
    const kept = withMetadata(grace === undefined ? marked(object, context) : object, { finalizers });
    if (equalJson(metadataOf(kept), metadataOf(before))) return asItIs;
    const after = finish(kept);
    return { op: 'update', statusCode: waiting, before, after, answer: after };
  }
  const isShortened = finalizers.length < listOf(metadataOf(before), 'finalizers').length;
  if (grace === undefined && isShortened && options.resourceVersion !== undefined) {
    // In 1.35 the version is forgotten between the two steps of such a deletion, and the second one fails.
    throw conflict(
      request.gvr,
      request.name,
      `Precondition failed: ResourceVersion in precondition: , ResourceVersion in object meta: ${options.resourceVersion}`,
    );
  }
  const last = finish(grace === undefined ? object : withMetadata(object, { finalizers: undefined }));
  if ((grace?.seconds ?? 0) > 0) return { op: 'update', statusCode: waiting, before, after: last, answer: last };
  const answer = rules.deletion.answer === 'object' ? last : success(request, last);
  return { op: 'delete', statusCode: 200, before, after: undefined, answer };
}

function readOptions(request: WriteRequest): DeleteOptions {
  const { body, query } = request;
  if (body !== undefined && body !== null && !isJsonObject(body)) throw badRequest('DeleteOptions are an object');
  const given: JsonObject | undefined = isJsonObject(body) ? body : undefined;
  const preconditions = childOf(given ?? {}, 'preconditions');
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const propagation = given === undefined ? query.propagationPolicy : text(own(given, 'propagationPolicy'));
  const orphans = given === undefined ? undefined : own(given, 'orphanDependents');
  const options = {
    graceSeconds: given === undefined ? query.gracePeriodSeconds : numberOf(given, 'gracePeriodSeconds'),
    propagation,
    orphans: typeof orphans === 'boolean' ? orphans : undefined,
    uid: text(own(preconditions, 'uid')),
    resourceVersion: text(own(preconditions, 'resourceVersion')),
  };
  const problems = optionsProblems(options);
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', problems);
  return options;
}

const policies = ['Foreground', 'Background', 'Orphan'];

function optionsProblems({ propagation, orphans }: DeleteOptions): FieldProblem[] {
  if (propagation === undefined) return [];
  const problems: FieldProblem[] = [];
  if (orphans !== undefined) {
    const detail = 'orphanDependents and deletionPropagation cannot be both set';
    problems.push(invalidValue('propagationPolicy', propagation, detail));
  }
  if (!policies.includes(propagation)) {
    problems.push(notSupported('propagationPolicy', propagation, [...policies, 'nil']));
  }
  return problems;
}

function checkPreconditions(request: WriteRequest, options: DeleteOptions, object: JsonObject): void {
  const metadata = metadataOf(object);
  const [uid, version] = [textOf(metadata, 'uid'), textOf(metadata, 'resourceVersion')];
  const resource = { group: request.gvr.group, resource: request.kind }; // the Kind, as there
  if (options.uid !== undefined && options.uid !== uid) {
    const detail = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(resource, request.name, detail);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== version) {
    const detail = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${version}). The object might have been modified`;
    throw conflict(resource, request.name, detail);
  }
}

interface Graceful {
  readonly object: JsonObject;
  readonly seconds: number;
}

/** undefined: this kind, or this object, knows no grace. 'pending': it is being deleted already, and not later than asked. */
function withGrace(
  object: JsonObject,
  options: DeleteOptions,
  context: WriteContext,
  rules: KindRules,
): Graceful | 'pending' | undefined {
  if (rules.deletion.graceSeconds === undefined) return undefined;
  const metadata = metadataOf(object);
  const asked = options.graceSeconds === undefined ? undefined : options.graceSeconds < 0 ? 1 : options.graceSeconds;
  if (isSet(own(metadata, 'deletionTimestamp'))) {
    const stored = numberOf(metadata, 'deletionGracePeriodSeconds') ?? 0;
    const current = stored < 0 ? 1 : stored;
    if (current === 0) return undefined;
    if (asked === undefined || asked >= current) return 'pending';
    return shortened(object, current, asked, context);
  }
  const seconds = rules.deletion.graceSeconds(object, asked);
  const generation = numberOf(metadata, 'generation') ?? 0;
  const deleting = withMetadata(object, {
    deletionTimestamp: later(context.now, seconds),
    deletionGracePeriodSeconds: seconds,
    ...(generation > 0 && { generation: generation + 1 }),
  });
  return { object: deleting, seconds };
}

function shortened(object: JsonObject, current: number, asked: number, context: WriteContext): Graceful {
  const planned = later(textOf(metadataOf(object), 'deletionTimestamp'), asked - current);
  const isPast = planned < context.now; // both in whole seconds, UTC
  const period = isPast && asked !== 0 ? 1 : asked;
  const deleting = withMetadata(object, {
    deletionTimestamp: isPast ? context.now : planned,
    deletionGracePeriodSeconds: period,
  });
  // What was asked decides whether the object goes at once.
  return { object: deleting, seconds: asked };
}

/** What is deleted without grace, and stays for its finalizers. */
function marked(object: JsonObject, context: WriteContext): JsonObject {
  const metadata = metadataOf(object);
  const [since, generation] = [textOf(metadata, 'deletionTimestamp'), numberOf(metadata, 'generation') ?? 0];
  return withMetadata(object, {
    deletionTimestamp: since === '' || since > context.now ? context.now : since,
    deletionGracePeriodSeconds: 0,
    ...(since === '' && generation > 0 && { generation: generation + 1 }),
  });
}

/** Those that the garbage collector is to see to, by what was asked, or as they were. */
function finalizersAfter(object: JsonObject, options: DeleteOptions, rules: KindRules): readonly string[] {
  const finalizers = listOf(metadataOf(object), 'finalizers').map(String);
  const others = finalizers.filter((one) => one !== 'orphan' && one !== 'foregroundDeletion');
  if (!rules.deletion.takesPropagation) return others;
  const { propagation, orphans } = options;
  const isExplicit = orphans !== undefined || propagation !== undefined;
  const first = finalizers.find((one) => one === 'orphan' || one === 'foregroundDeletion');
  const isOrphaning = orphans ?? (isExplicit ? propagation === 'Orphan' : first === 'orphan');
  const isForeground =
    orphans === undefined && (isExplicit ? propagation === 'Foreground' : first === 'foregroundDeletion');
  const next = [...others, ...(isOrphaning ? ['orphan'] : []), ...(isForeground ? ['foregroundDeletion'] : [])];
  return next.length === finalizers.length && next.every((one) => finalizers.includes(one)) ? finalizers : next;
}

function later(time: string, seconds: number): string {
  const from = parseTimestamp(time);
  return (from && formatTime(from.seconds + seconds)) ?? time;
}

function success({ gvr, name }: WriteRequest, object: JsonObject): JsonObject {
  const group = gvr.group === '' ? {} : { group: gvr.group };
  const details = { name, ...group, kind: gvr.resource, uid: textOf(metadataOf(object), 'uid') };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}
