// The read parameters of a LIST, WATCH or GET, validated as the apiserver validates them, for answers given here.
// Source: k8s.io/apimachinery/pkg/apis/meta/internalversion/validation and the API concepts page on resource versions.
import { badRequest, invalid, StatusError } from '../apimachinery/status.ts';

export type ResourceVersionMatch = '' | 'Exact' | 'NotOlderThan';

export interface ReadOptions {
  /** '' = most recent, '0' = any, else decimal. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: ResourceVersionMatch;
  readonly limit: number;
  readonly continue: string;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** Seconds; undefined when the client leaves it to the server. */
  readonly timeoutSeconds: number | undefined;
}

/** @throws StatusError 400 or 422, worded like the apiserver's. */
export function readOptions(query: URLSearchParams, verb: 'get' | 'list' | 'watch'): ReadOptions {
  const options: ReadOptions = {
    resourceVersion: resourceVersionOf(query),
    resourceVersionMatch: matchOf(query),
    limit: numberOf(query, 'limit') ?? 0,
    continue: query.get('continue') ?? '',
    allowWatchBookmarks: booleanOf(query, 'allowWatchBookmarks') ?? false,
    sendInitialEvents: booleanOf(query, 'sendInitialEvents'),
    timeoutSeconds: numberOf(query, 'timeoutSeconds'),
  };
  if (verb === 'watch') checkWatch(options);
  if (verb === 'list') checkList(options);
  return options;
}

/** For the way to the cloud: parameters that contradict each other are the cloud's to refuse, in its own words. */
export function readOptionsOrUndefined(read: { options(): ReadOptions }): ReadOptions | undefined {
  try {
    return read.options();
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

function checkList({ resourceVersion, resourceVersionMatch: match, ...options }: ReadOptions): void {
  const causes: Cause[] = [];
  if (match !== '') {
    if (resourceVersion === '') causes.push(forbiddenMatch('unless resourceVersion is provided'));
    if (options.continue !== '') causes.push(forbiddenMatch('when continue is provided'));
    if (match === 'Exact' && resourceVersion === '0') {
      causes.push(forbidden(matchField, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  refuseIfAny(causes);
  if (options.continue !== '' && resourceVersion !== '' && resourceVersion !== '0') {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
}

function checkWatch({ resourceVersionMatch: match, sendInitialEvents, ...options }: ReadOptions): void {
  const causes: Cause[] = [];
  if (sendInitialEvents !== undefined && match !== 'NotOlderThan') {
    causes.push(forbidden(matchField, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      causes.push(forbiddenMatch('for watch unless sendInitialEvents is provided'));
    }
    if (match !== 'NotOlderThan') causes.push(unsupportedMatch(match, ['NotOlderThan']));
    if (options.continue !== '') causes.push(forbiddenMatch('when continue is provided'));
  }
  refuseIfAny(causes);
}

interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

const matchField = 'resourceVersionMatch';

function forbidden(field: string, detail: string): Cause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field };
}

function forbiddenMatch(when: string): Cause {
  return forbidden(matchField, `resourceVersionMatch is forbidden ${when}`);
}

function unsupportedMatch(match: string, supported: readonly string[]): Cause {
  const names = supported.map((name) => JSON.stringify(name)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(match)}: supported values: ${names}`;
  return { reason: 'FieldValueNotSupported', message, field: matchField };
}

/** All at once, as the apiserver does. */
function refuseIfAny(causes: readonly Cause[]): void {
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
}

function resourceVersionOf(query: URLSearchParams): string {
  const text = query.get('resourceVersion') ?? '';
  if (text === '' || /^(0|[1-9][0-9]{0,19})$/.test(text)) return text;
  throw badRequest(
    `Invalid value: ${JSON.stringify(text)}: resourceVersion must be empty, 0 or a decimal number that the server has given out`,
  );
}

function matchOf(query: URLSearchParams): ResourceVersionMatch {
  const text = query.get(matchField) ?? '';
  if (text !== '' && text !== 'Exact' && text !== 'NotOlderThan') {
    refuseIfAny([unsupportedMatch(text, ['Exact', 'NotOlderThan', ''])]);
  }
  return text as ResourceVersionMatch;
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?[0-9]{1,15}$/.test(text))
    throw badRequest(`query parameter ${name}: ${JSON.stringify(text)} is not a whole number`);
  return Math.max(0, Number(text));
}

/** Only absence, `false` and `0` are false, as in apimachinery's conversion of query parameters. */
function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text !== '0' && text.toLowerCase() !== 'false';
}
