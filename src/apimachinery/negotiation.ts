// Content negotiation as apiserver does it: clauses in order of q, the first one it can serve wins; q orders and never
// excludes; clauses it cannot read are passed over. CBOR is off there by default and counts only when nothing else is asked.
// Source: apiserver pkg/endpoints/handlers/negotiation, munnerz/goautoneg.

export interface AcceptClause {
  /** Lower case; a wildcard may stand for either half. */
  readonly type: string;
  /** 0 to 1; 0 where it could not be read. */
  readonly q: number;
  /** All other parameters: as, g, v, stream, pretty, profile … */
  readonly parameters: Readonly<Record<string, string>>;
}

export type Rendering = 'json' | 'table' | 'partial-object-metadata' | 'protobuf' | 'cbor' | 'other';

/** Clauses by falling q; at the same q named types stand before wildcards, else in the order written. */
export function parseAccept(header: string | undefined): readonly AcceptClause[] {
  if (header === undefined) return [];
  const clauses = header.split(',').map(parseClause);
  return clauses.filter((clause) => clause !== undefined).sort((a, b) => b.q - a.q || generality(a) - generality(b));
}

/** undefined for what is no media range. */
function parseClause(text: string): AcceptClause | undefined {
  const [range, ...rest] = text.split(';');
  const named = range!.trim().toLowerCase();
  const type = named === '*' ? '*/*' : named;
  if (!/^[^/\s]+\/[^/\s]+$/.test(type)) return undefined;
  let q = 1;
  const parameters: Record<string, string> = {};
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const key = parameter.slice(0, equals).trim().toLowerCase();
    const value = parameter.slice(equals + 1).trim();
    if (key === 'q') q = quality(value);
    else parameters[key] = value;
  }
  return { type, q, parameters };
}

function quality(text: string): number {
  return /^[0-9]*\.?[0-9]+$|^[0-9]+\.$/.test(text) ? Math.min(Number(text), 1) : 0;
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
  if (accept === undefined || accept === '') return 'json';
  const clauses = parseAccept(accept);
  for (const clause of clauses) {
    const rendering = renderingOf(clause);
    if (rendering !== undefined) return rendering;
  }
  return clauses.some(({ type }) => isCbor(type)) ? 'cbor' : 'other';
}

/** undefined where apiserver would pass over the clause. */
function renderingOf({ type, parameters }: AcceptClause): Rendering | undefined {
  const { as, stream } = parameters;
  if (stream !== undefined && stream !== '' && stream !== 'watch') return undefined;
  const plain = plainRendering(type);
  if (plain === undefined || as === undefined || as === '') return plain;
  if (parameters.g !== 'meta.k8s.io' || !metaVersions.has(parameters.v ?? '')) return undefined;
  if (partialKinds.has(as)) return 'partial-object-metadata';
  return as === 'Table' && plain !== 'protobuf' ? 'table' : undefined;
}

function plainRendering(type: string): Rendering | undefined {
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

/** True when the object itself as JSON is among what the client takes. */
export function acceptsPlainJson(accept: string | undefined): boolean {
  if (accept === undefined || accept === '') return true;
  return parseAccept(accept).some((clause) => coversJson(clause.type) && renderingOf(clause) === 'json');
}

/** True when PartialObjectMetadata v1 (alone or as a List) in JSON is among what the client takes. */
export function acceptsPartialObjectMetadataJson(accept: string | undefined): boolean {
  return parseAccept(accept).some(
    (clause) =>
      coversJson(clause.type) && clause.parameters.v === 'v1' && renderingOf(clause) === 'partial-object-metadata',
  );
}
