// Content negotiation as apiserver does it: clauses in order of q, the first one it can serve wins; q orders and never
// excludes; clauses it cannot read are passed over. CBOR is off there by default and counts only when nothing else is asked.
// Source: apiserver pkg/endpoints/handlers/negotiation, munnerz/goautoneg.

export interface AcceptClause {
  /** As written, like all of it: apiserver compares letter by letter. A wildcard may stand for either half. */
  readonly type: string;
  /** 1 where none was given, 0 where it could not be read. */
  readonly q: number;
  /** All other parameters: as, g, v, stream, pretty, profile … */
  readonly parameters: Readonly<Record<string, string>>;
}

export type Rendering = 'json' | 'table' | 'partial-object-metadata' | 'protobuf' | 'cbor' | 'other';

/** In the order in which apiserver tries them: by falling q, but a named type always before a wildcard it stands next to. */
export function parseAccept(header: string | undefined): readonly AcceptClause[] {
  const ordered: AcceptClause[] = [];
  for (const text of header?.split(',') ?? []) {
    const clause = parseClause(text);
    if (clause === undefined) continue;
    let place = ordered.length;
    while (place > 0 && precedes(clause, ordered[place - 1]!)) place -= 1;
    ordered.splice(place, 0, clause);
  }
  return ordered;
}

/** goautoneg's order, which is none in the strict sense: hence the insertion above, which is how it comes about there. */
function precedes(a: AcceptClause, b: AcceptClause): boolean {
  return a.q > b.q || generality(a) < generality(b);
}

/** undefined for what is no media range. */
function parseClause(text: string): AcceptClause | undefined {
  const [range, ...rest] = text.split(';');
  const named = range!.trim();
  const type = named === '*' ? '*/*' : named;
  if (!/^[^/\s]+\/[^/\s]+$/.test(type)) return undefined;
  let q = 1;
  const parameters: Record<string, string> = {};
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0 || parameter.includes('=', equals + 1)) continue;
    const key = parameter.slice(0, equals).trim();
    const value = parameter.slice(equals + 1).trim();
    if (key === 'q') q = quality(parameter.slice(equals + 1));
    else parameters[key] = value;
  }
  return { type, q, parameters };
}

function quality(text: string): number {
  return /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(text) ? Number(text) : 0;
}

function generality({ type }: AcceptClause): number {
  if (type === '*/*') return 2;
  return type.endsWith('/*') ? 1 : 0;
}

const json = 'application/json';
const metaVersions = new Set(['v1', 'v1beta1']);
const partialKinds = new Set(['PartialObjectMetadata', 'PartialObjectMetadataList']);

/** The rendering of the first clause that apiserver would serve; 'other' for YAML and for what it would refuse. */
export function preferredRendering(accept: string | undefined): Rendering {
  if (accept === undefined || accept === '' || accept === json) return 'json';
  const clauses = parseAccept(accept);
  for (const clause of clauses) {
    const rendering = renderingOf(clause);
    if (rendering !== undefined) return rendering;
  }
  return clauses.some(({ type }) => isCbor(type)) ? 'cbor' : 'other';
}

/** undefined where apiserver would pass over the clause. */
function renderingOf({ type, parameters }: AcceptClause): Rendering | undefined {
  const plain = plainRendering(type);
  const { as = '', g = '', v = '', stream = '', sv = '' } = parameters;
  if (plain === undefined || (sv !== '' && sv !== 'v1')) return undefined;
  if (stream !== '' && (stream !== 'watch' || plain === 'other')) return undefined;
  if (parameters.as === undefined && parameters.g === undefined && parameters.v === undefined) return plain;
  if (g !== 'meta.k8s.io' || !metaVersions.has(v)) return undefined;
  if (as === 'Table' && plain !== 'protobuf') return plain === 'json' ? 'table' : 'other';
  if (!partialKinds.has(as)) return undefined;
  return plain === 'other' ? 'other' : 'partial-object-metadata';
}

function plainRendering(type: string): 'json' | 'protobuf' | 'other' | undefined {
  if (coversJson(type)) return 'json';
  if (type === 'application/vnd.kubernetes.protobuf') return 'protobuf';
  return type === 'application/yaml' ? 'other' : undefined;
}

function coversJson(type: string): boolean {
  return type === json || type === 'application/*' || type === '*/*';
}

function isCbor(type: string): boolean {
  return type === 'application/cbor' || type === 'application/cbor-seq';
}

/** What of a header can be answered in JSON, clause by clause as it was written; all of JSON where it says nothing. */
export function jsonClauses(accept: string | undefined): string {
  const clauses = accept?.split(',').filter((text) => {
    const clause = parseClause(text);
    return clause !== undefined && coversJson(clause.type);
  });
  return clauses?.join(',') || json;
}

/** True when the object itself as JSON is among what the client takes. */
export function acceptsPlainJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '' || accept === json) return true;
  return parseAccept(accept).some((clause) => coversJson(clause.type) && renderingOf(clause) === 'json');
}

/** True when PartialObjectMetadata v1 (alone or as a List) in JSON is among what the client takes. */
export function acceptsPartialObjectMetadataJson(accept: string | undefined): boolean {
  return parseAccept(accept).some(
    (clause) =>
      coversJson(clause.type) && clause.parameters.v === 'v1' && renderingOf(clause) === 'partial-object-metadata',
  );
}
