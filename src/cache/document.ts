// Answers that describe the API itself (discovery, OpenAPI, /version), kept as last seen. Every authenticated client may
// read them, so they belong to nobody; one copy for each form that clients ask for.
export interface Document {
  readonly contentType: string;
  /** '' for identity. */
  readonly contentEncoding: string;
  readonly etag: string;
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

const describing = [
  /^\/(api|apis|version)$/,
  /^\/api\/[^/]+$/,
  /^\/apis\/[^/]+(\/[^/]+)?$/,
  /^\/openapi\/v[23](\/.+)?$/,
];

/** True for the paths whose answer is kept: `/api`, `/api/v1`, `/apis`, `/apis/<group>/<version>`, `/openapi/…`, `/version`. */
export function isDocumentPath(path: string): boolean {
  const plain = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return describing.some((pattern) => pattern.test(plain));
}

/** One key for each form of a document: what decides is the path with its query, and the Accept header without blanks. */
export function documentKey(pathWithQuery: string, accept: string | undefined): string {
  return `${pathWithQuery} ${(accept ?? '').replaceAll(' ', '').toLowerCase() || '*/*'}`;
}

/** Binary form on disk: one line of JSON, then the body. */
export function encodeDocument(document: Document): Buffer {
  const { body, ...head } = document;
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]);
}

export function decodeDocument(bytes: Buffer): Document {
  const end = bytes.indexOf(10);
  const head = JSON.parse(bytes.subarray(0, end).toString()) as Omit<Document, 'body'>;
  return { ...head, body: bytes.subarray(end + 1) };
}
