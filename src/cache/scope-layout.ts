// Under which keys scopes stand on disk. A scope has a number: its record stands under that (`3`), how far it has come beside
// it (`3.progress`), and one empty record for each of its objects (`3/default/web-0`); bodies stand apart, for all scopes. Pure.
import type { Change } from '../../storage/records.ts';
import type { ProgressRecord, ScopeOnDisk, ScopeRecord } from './restore-scope.ts';

/** All that the keyspaces of scopes hold. */
export interface LoadedScopes {
  readonly bodies: ReadonlyMap<string, Buffer>;
  readonly memberKeys: readonly string[];
  /** Records and progress. */
  readonly scopes: ReadonlyMap<string, Buffer>;
}

const progressSuffix = '.progress';

/** The records put together by scope. What belongs to none is left out. */
export function scopesIn({ bodies, memberKeys, scopes }: LoadedScopes): readonly ScopeOnDisk[] {
  const members = Map.groupBy(memberKeys, numberOf);
  return [...scopes]
    .filter(([key]) => !key.endsWith(progressSuffix))
    .map(([number, record]) => ({
      number,
      record,
      progress: scopes.get(number + progressSuffix),
      members: (members.get(number) ?? []).map((key) => key.slice(memberKey(number, '').length)),
      bodies,
    }));
}

/** The first that no record has, as text and as the number that it stands for. */
export function numberAfter({ memberKeys, scopes }: LoadedScopes): number {
  const numbers = [...memberKeys, ...scopes.keys()].map((key) => Number.parseInt(numberOf(key), 36));
  return numbers.reduce((next, number) => Math.max(next, number + 1), 1);
}

export function numberText(number: number): string {
  return number.toString(36);
}

/** What belongs to none of these scopes, and bodies that nothing holds. */
export function strayRecords(
  { bodies, memberKeys, scopes }: LoadedScopes,
  numbers: ReadonlySet<string>,
  isHeld: (bodyKey: string) => boolean,
): readonly Change[] {
  const isStray = (key: string): boolean => !numbers.has(numberOf(key));
  return [
    ...[...bodies.keys()]
      .filter((key) => !isHeld(key))
      .map((key): Change => ({ type: 'delete', space: 'object', key })),
    ...memberKeys.filter(isStray).map(deleteMember),
    ...[...scopes.keys()].filter(isStray).map(deleteRecord),
  ];
}

export function putRecord(number: string, record: ScopeRecord): Change {
  return { type: 'put', space: 'scope', key: number, value: encode(record) };
}

export function putProgress(number: string, progress: ProgressRecord): Change {
  return { type: 'put', space: 'scope', key: number + progressSuffix, value: encode(progress) };
}

export function deleteRecord(number: string): Change {
  return { type: 'delete', space: 'scope', key: number };
}

/** What is without one is not complete after a restart. */
export function deleteProgress(number: string): Change {
  return deleteRecord(number + progressSuffix);
}

export function deleteMember(key: string): Change {
  return { type: 'delete', space: 'member', key };
}

/** @param key `namespace/name` of the object; '' for what all members' keys begin with */
export function memberKey(number: string, key: string): string {
  return `${number}/${key}`;
}

export function isOfScopes(space: string): boolean {
  return space === 'object' || space === 'member' || space === 'scope';
}

function numberOf(key: string): string {
  return /^[^/.]*/.exec(key)![0];
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
