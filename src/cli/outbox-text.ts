// Writes that wait or are parked, as a person reads them. Pure.
import { type JsonValue, stringifyJson } from '../apimachinery/json.ts';
import type { RetryAnswer } from '../hub/admin/outbox-routes.ts';
import type { EntryInFull, EntrySummary, ShownDifference } from '../hub/admin/outbox-view.ts';
import { printable } from './printable.ts';
import { ageText } from './quantity-text.ts';
import { textTable } from './text-table.ts';

const header = ['N', 'STATE', 'VERB', 'OBJECT', 'WRITER', 'WRITES', 'AGE', 'WHY'];

/** Parked ones first, for they need somebody. Events that wait are many and say little: they are counted. */
export function renderList(entries: readonly EntrySummary[]): string[] {
  if (entries.length === 0) return ['No write waits for the cloud, and none is parked.'];
  const parked = entries.filter(({ state }) => state === 'parked');
  const events = entries.filter((entry) => entry.class === 'event' && entry.state !== 'parked');
  const others = entries.filter((entry) => entry.class !== 'event' && entry.state !== 'parked');
  const rows = [...parked, ...others].map(listRow);
  const many = events.length === 1 ? '1 Event waits' : `${events.length} Events wait`;
  return [
    ...(rows.length === 0 ? [] : textTable([header, ...rows])),
    ...(events.length === 0 ? [] : [`${many} for the cloud, too; --output json lists all.`]),
    ...(parked.length === 0
      ? []
      : ['', 'holdfast outbox show N says more of one that is parked, and what can be done.']),
  ];
}

/** `12 (update of configmaps default/web by system:serviceaccount:default:writer)` */
export function describeEntry(entry: EntrySummary): string {
  return `${entry.sequence} (${entry.verb} of ${objectOf(entry)} by ${printable(entry.writer.name)})`;
}

export function renderEntry(entry: EntryInFull): string[] {
  const { sequence, parked, writer, writes, differences, conflict } = entry;
  const manager = writer.fieldManager === '' ? '' : `, field manager ${printable(writer.fieldManager)}`;
  const many =
    writes === 1 ? `1 write, ${entry.writtenAt}` : `${writes} writes, ${entry.firstWrittenAt} to ${entry.writtenAt}`;
  const shown = differences.filter(({ field }) => entry.verb === 'update' || !inHeadline.includes(field));
  const state = parked === undefined ? 'waits for the cloud' : `parked ${parked.at}: ${printable(parked.reason)}`;
  return [
    `write ${sequence}, ${state}`,
    `  ${entry.verb} of ${objectOf(entry)} (${entry.class}, ${conflict})`,
    `  by ${printable(writer.name)} with ${printable(writer.userAgent) || 'an unnamed client'}${manager}`,
    `  ${many}`,
    ...(entry.tried === undefined ? [] : [`  ${triedText(entry.tried)}; last tried ${entry.tried.lastAt}`]),
    ...sideNotes(entry).map((note) => `  ${note}`),
    ...(shown.length === 0 ? [] : ['', ...shown.flatMap((one) => renderDifference(one, entry))]),
    ...(parked === undefined ? [] : ['', ...ways(entry)]),
  ];
}

/** What an object that was made or deleted here is called, the line above has said. */
const inHeadline: readonly string[] = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace'];

export function renderRetry({ sequence, conclusion, parked }: RetryAnswer, isMine: boolean): string[] {
  if (conclusion === 'applied') return [`write ${sequence}: the cloud has it`];
  if (conclusion === 'superseded') return [`write ${sequence}: done; it has become pointless in the cloud`];
  if (conclusion === 'waiting')
    return [
      `write ${sequence}: still waits: the cloud is away (holdfast status), or does not take it now and is asked again`,
    ];
  const canInsist = !isMine && parked?.code === 0;
  return [
    `write ${sequence}: parked again: ${printable(parked?.reason ?? '')}`,
    ...(canInsist ? [`  holdfast outbox retry ${sequence} --mine puts what was written here over it`] : []),
  ];
}

function listRow(entry: EntrySummary): string[] {
  const { sequence, state, verb, writer, writes, ageSeconds, parked } = entry;
  const word = { queued: 'waits', sent: 'sent', parked: 'PARKED' }[state];
  const why = parked === undefined ? triedText(entry.tried) : printable(parked.reason);
  const who = printable(writer.name);
  return [String(sequence), word, verb, objectOf(entry), who, String(writes), ageText(ageSeconds), why];
}

/** `tried 4 times: the cloud answered 503: not now; next in 20s` */
function triedText(tried: EntrySummary['tried']): string {
  if (tried === undefined) return '';
  const { tries, reason, nextInSeconds } = tried;
  const next = nextInSeconds === null ? '' : `; next in ${ageText(nextInSeconds)}`;
  return `tried ${tries === 1 ? 'once' : `${tries} times`}: ${printable(reason)}${next}`;
}

function objectOf({ resource, subresource, namespace, name }: EntrySummary): string {
  const of = subresource === '' ? resource : `${resource}/${subresource}`;
  return `${of} ${namespace === '' ? name : `${namespace}/${name}`}`;
}

function sideNotes({ verb, cloud, parked }: EntryInFull): string[] {
  return [
    ...(verb === 'delete' ? ['here it was deleted'] : []),
    ...(cloud === 'absent' ? ['the cloud had no such object any more'] : []),
    ...(cloud === 'unknown' && parked !== undefined ? ['what the cloud had was not looked at'] : []),
  ];
}

function ways({ sequence, parked, conflict, verb }: EntryInFull): string[] {
  const insisting =
    verb === 'delete' ? 'delete it there, too' : 'put what was written here over what the cloud has now';
  const rows = [
    [`holdfast outbox retry ${sequence}`, `decide anew, by the rule (${conflict}), on what the cloud has now`],
    // Who was refused is refused again, however much they insist.
    ...(parked?.code === 0 ? [[`holdfast outbox retry ${sequence} --mine`, insisting]] : []),
    [`holdfast outbox drop ${sequence}`, 'let the cloud have its way; a copy is kept'],
  ];
  return textTable(rows);
}

const sideWords = { base: 'before', edge: 'here', cloud: 'cloud' } as const;
type Side = keyof typeof sideWords;

function renderDifference(difference: ShownDifference, entry: EntryInFull): string[] {
  const sides = comparedSides(entry);
  const texts = sides.map((side) => valueText(difference[side]));
  const shown = window(texts);
  const mark = difference.isConflict ? '!' : ' ';
  return [
    `${mark} ${printable(difference.field)}: ${whoChanged(difference, entry.verb)}`,
    ...sides.map((side, index) => `    ${sideWords[side].padEnd(8)}${shown[index]}`),
  ];
}

function comparedSides({ verb, cloud }: EntryInFull): Side[] {
  const sides: Side[] = [];
  if (verb !== 'create') sides.push('base');
  if (verb !== 'delete') sides.push('edge');
  if (cloud === 'present') sides.push('cloud');
  return sides;
}

const changeWords: Readonly<Record<ShownDifference['changedBy'], string>> = {
  edge: 'changed here',
  cloud: 'changed in the cloud',
  both: 'changed on both sides',
  alike: 'the same on both sides',
};

function whoChanged({ changedBy, isConflict }: ShownDifference, verb: EntryInFull['verb']): string {
  if (isConflict) return 'both sides changed it';
  return verb === 'delete' && changedBy === 'edge' ? 'deleted here' : changeWords[changedBy];
}

function valueText(value: JsonValue | undefined): string {
  return value === undefined ? '(none)' : printable(stringifyJson(value));
}

const widthColumns = 90;
const leadColumns = 20;

/** Long values are cut to the place where they begin to differ. */
function window(texts: readonly string[]): string[] {
  if (texts.every((text) => text.length <= widthColumns)) return [...texts];
  const [first = ''] = texts;
  let same = 0;
  while (same < first.length && texts.every((text) => text[same] === first[same])) same += 1;
  const from = Math.max(0, same - leadColumns);
  return texts.map((text) => {
    const cut = text.slice(from, from + widthColumns);
    return `${from > 0 ? '…' : ''}${cut}${from + widthColumns < text.length ? '…' : ''}`;
  });
}
