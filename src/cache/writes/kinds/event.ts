// Events, in both groups that serve them. Source: pkg/registry/core/event, pkg/apis/core/validation/events.go.
import { equalJson, type JsonObject, own } from '../../../apimachinery/json.ts';
import { labelKeyProblems } from '../../../apimachinery/label-syntax.ts';
import { type FieldProblem, immutableDetail, invalidValue, missing } from '../field-problem.ts';
import { metadataProblems } from '../metadata-problems.ts';
import { subdomainProblems } from '../name-syntax.ts';
import { childOf, isSet, metadataOf, numberOf, textOf } from '../object-view.ts';
import { asItStands, type KindRules } from './kind-rules.ts';

/** How the two groups call the same things. */
const coreNames = {
  involvedObject: 'involvedObject',
  message: 'message',
  source: 'source',
  firstTimestamp: 'firstTimestamp',
  lastTimestamp: 'lastTimestamp',
  count: 'count',
  controller: 'reportingComponent',
};

const eventsNames: typeof coreNames = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  controller: 'reportingController',
};

const common = {
  isNamespaced: true,
  statusSubresource: 'none',
  allowsUnconditionalUpdate: true,
  allowsCreateOnUpdate: true,
  deletion: { takesPropagation: false, answer: 'status' },
  isNamedUniquely: () => true,
  prepareCreate: asItStands,
  prepareUpdate: asItStands,
} as const;

export const coreEventRules: KindRules = {
  ...common,
  createProblems: (event) => [...basicProblems(event, coreNames), ...metadataProblems(event, true)],
  updateProblems: (event) => [...basicProblems(event, coreNames), ...metadataProblems(event, true)],
};

export const eventsEventRules: KindRules = {
  ...common,
  createProblems: (event) => [
    ...basicProblems(event, eventsNames),
    ...metadataProblems(event, true, subdomainProblems),
    ...seriesProblems(event),
    ...strictProblems(event),
  ],
  updateProblems: (event, before) => [
    ...basicProblems(event, eventsNames),
    ...metadataProblems(event, true),
    ...(equalJson(own(event, 'series'), own(before, 'series')) ? [] : seriesProblems(event)),
    ...changedProblems(event, before),
  ],
};

function basicProblems(event: JsonObject, names: typeof coreNames): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const namespace = textOf(metadataOf(event), 'namespace');
  const involved = textOf(childOf(event, names.involvedObject), 'namespace');
  const isNewStyle = isSet(own(event, 'eventTime'));
  const freeNamespaces = isNewStyle ? ['default', 'kube-system'] : ['', 'default'];
  const isMatching = involved === '' ? freeNamespaces.includes(namespace) : isNewStyle || involved === namespace;
  if (!isMatching) problems.push(invalidValue('involvedObject.namespace', involved, 'does not match event.namespace'));
  if (isNewStyle) problems.push(...newStyleProblems(event, names));
  return [...problems, ...subdomainProblems(namespace).map((detail) => invalidValue('namespace', namespace, detail))];
}

function newStyleProblems(event: JsonObject, names: typeof coreNames): FieldProblem[] {
  const controller = textOf(event, names.controller);
  const problems = labelKeyProblems(controller).map((detail) => invalidValue(names.controller, controller, detail));
  if (controller === '') problems.push(missing(names.controller));
  const limits = [
    ['reportingInstance', 128],
    ['action', 128],
    ['reason', 128],
    [names.message, 1024],
  ] as const;
  for (const [key, limit] of limits) {
    const text = textOf(event, key);
    if (text === '' && limit === 128) problems.push(missing(key));
    if (Buffer.byteLength(text) > limit) problems.push(invalidValue(key, '', `can have at most ${limit} characters`));
  }
  return problems;
}

function seriesProblems(event: JsonObject): FieldProblem[] {
  if (!isSet(own(event, 'series'))) return [];
  const series = childOf(event, 'series');
  return [
    ...((numberOf(series, 'count') ?? 0) < 2 ? [invalidValue('series.count', '', 'should be at least 2')] : []),
    ...(isSet(own(series, 'lastObservedTime')) ? [] : [missing('series.lastObservedTime')]),
  ];
}

function strictProblems(event: JsonObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const type = textOf(event, 'type');
  if (!isSet(own(event, 'eventTime'))) problems.push(missing('eventTime'));
  if (type !== 'Normal' && type !== 'Warning') {
    problems.push(invalidValue('type', '', `has invalid value: ${type}`));
  }
  const { firstTimestamp, lastTimestamp, count, source } = eventsNames;
  for (const key of [firstTimestamp, lastTimestamp]) {
    if (isSet(own(event, key))) problems.push(invalidValue(key, '', 'needs to be unset'));
  }
  if ((numberOf(event, count) ?? 0) !== 0) problems.push(invalidValue(count, '', 'needs to be unset'));
  const { component, host } = childOf(event, source);
  if (isSet(component) || isSet(host)) problems.push(invalidValue(source, '', 'needs to be unset'));
  return problems;
}

const fixed = ['regarding', 'reason', 'note', 'type', 'eventTime', 'action', 'related', 'reportingController'];

function changedProblems(event: JsonObject, before: JsonObject): FieldProblem[] {
  const { source, firstTimestamp, lastTimestamp, count } = eventsNames;
  return [...fixed, 'reportingInstance', source, firstTimestamp, lastTimestamp, count]
    .filter((key) => !equalJson(own(event, key), own(before, key)))
    .map((key) => invalidValue(key, own(event, key), immutableDetail));
}
