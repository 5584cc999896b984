// The query of a LIST, WATCH or GET, decoded, defaulted and refused as kube-apiserver 1.35 does it.
// Source: apimachinery pkg/apis/meta/internalversion (defaults.go, validation), pkg/runtime/conversion.go.

import { badRequest, invalid } from '../apimachinery/status.ts';
import { unforeseen } from './refusals.ts';

export type ResourceVersionMatch = '' | 'Exact' | 'NotOlderThan';

export interface ListOptions {
  readonly isWatch: boolean;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: ResourceVersionMatch;
  /** 0: no limit. */
  readonly limit: number;
  readonly continueToken: string;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
  /** 0: the server chooses. */
  readonly timeoutSeconds: number;
}

/** Throws BadRequest (not readable) or Invalid (422, not allowed together). */
export function parseListOptions(query: URLSearchParams, isWatch: boolean, hasWatchList: boolean): ListOptions {
  const decoded = {
    isWatch,
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: Math.max(0, integer(query, 'limit')),
    continueToken: query.get('continue') ?? '',
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks') ?? false,
    sendInitialEvents: boolean(query, 'sendInitialEvents'),
    timeoutSeconds: Math.max(0, integer(query, 'timeoutSeconds')),
  };
  const options = hasWatchList ? withDefaults(decoded) : decoded;
  const causes = isWatch ? watchProblems(options, hasWatchList) : listProblems(options);
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
  return options as ListOptions;
}

type Decoded = Omit<ListOptions, 'resourceVersionMatch'> & { readonly resourceVersionMatch: string };
type Cause = { readonly reason: string; readonly message: string; readonly field: string };

/** A watch that names no version has always begun with the objects there are; since WatchList that has a name. */
function withDefaults(options: Decoded): Decoded {
  const isLegacy = options.resourceVersion === '' || options.resourceVersion === '0';
  const isSilent = options.sendInitialEvents === undefined && options.resourceVersionMatch === '';
  if (!options.isWatch || !isLegacy || !isSilent) return options;
  return { ...options, sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' };
}

function listProblems({
  resourceVersion,
  resourceVersionMatch: match,
  continueToken,
  sendInitialEvents,
}: Decoded): Cause[] {
  const causes: Cause[] = [];
  if (match !== '') {
    if (resourceVersion === '') {
      causes.push(
        forbidden('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided'),
      );
    }
    if (continueToken !== '') causes.push(matchWithContinue);
    if (match !== 'Exact' && match !== 'NotOlderThan')
      causes.push(unsupportedMatch(match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && resourceVersion === '0') {
      causes.push(
        forbidden('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      );
    }
  }
  if (sendInitialEvents !== undefined) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

function watchProblems(options: Decoded, hasWatchList: boolean): Cause[] {
  const { resourceVersionMatch: match, sendInitialEvents, continueToken } = options;
  const causes: Cause[] = [];
  if (sendInitialEvents !== undefined) {
    if (match !== 'NotOlderThan') {
      causes.push(
        forbidden('resourceVersionMatch', 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'),
      );
    }
    if (!hasWatchList) {
      const message = 'sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled';
      causes.push(forbidden('sendInitialEvents', message));
    }
  }
  if (match !== '') {
    if (sendInitialEvents === undefined) {
      const message = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
      causes.push(forbidden('resourceVersionMatch', message));
    }
    if (match !== 'NotOlderThan') causes.push(unsupportedMatch(match, ['NotOlderThan']));
    if (continueToken !== '') causes.push(matchWithContinue);
  }
  return causes;
}

function forbidden(field: string, message: string): Cause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${message}`, field };
}

const matchWithContinue = forbidden(
  'resourceVersionMatch',
  'resourceVersionMatch is forbidden when continue is provided',
);

function unsupportedMatch(value: string, supported: readonly string[]): Cause {
  const names = supported.map((name) => JSON.stringify(name)).join(', ');
  const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${names}`;
  return { reason: 'FieldValueNotSupported', message, field: 'resourceVersionMatch' };
}

/** Absent, 'false' and '0' are false; everything else, also the empty value, is true. */
function boolean(query: URLSearchParams, name: string): boolean | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  return value !== '0' && value.toLowerCase() !== 'false';
}

function integer(query: URLSearchParams, name: string): number {
  const value = query.get(name);
  if (value === null || value === '') return 0;
  if (!/^[+-]?[0-9]+$/.test(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
  }
  return Number(value);
}

/** 0 for '' and '0'. A bad number is a 400 on list and an unforeseen 500 elsewhere. */
export function parseRevision(text: string, verb: 'get' | 'list' | 'watch'): number {
  if (text === '' || text === '0') return 0;
  if (/^[0-9]+$/.test(text) && BigInt(text) < 2n ** 64n) return Number(text);
  const quoted = JSON.stringify(text);
  const message = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}: invalid syntax`;
  throw verb === 'list' ? badRequest(`invalid resource version: ${message}`) : unforeseen(message);
}
