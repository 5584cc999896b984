// The parts of a JSON Web Token in compact form (RFC 7519, RFC 7515 §7.1), read and not verified. Pure.
//
// Promise: never throws; whatever is no such token is undefined.

export type JwtFields = Readonly<Record<string, unknown>>;

export interface Jwt {
  readonly header: JwtFields;
  readonly payload: JwtFields;
  /** What the signature is made over. */
  readonly signed: string;
  readonly signature: Buffer;
}

export function readJwt(token: string): Jwt | undefined {
  const parts = token.split('.');
  if (parts.length !== 3) return undefined;
  const [header = '', payload = '', signature = ''] = parts;
  const fields = { header: readPart(header), payload: readPart(payload) };
  if (fields.header === undefined || fields.payload === undefined) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  // RFC 4648 §3.5: bits that mean nothing, or padding, would make of one token many.
  if (bytes.toString('base64url') !== signature) return undefined;
  return { header: fields.header, payload: fields.payload, signed: `${header}.${payload}`, signature: bytes };
}

/** What a token says about itself, whatever its header is; undefined for what is no JWT. */
export function readJwtPayload(token: string): JwtFields | undefined {
  const parts = token.split('.');
  return parts.length === 3 ? readPart(parts[1]!) : undefined;
}

export function asFields(value: unknown): JwtFields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JwtFields) : undefined;
}

function readPart(part: string): JwtFields | undefined {
  try {
    return asFields(JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Those of a list that are texts; none of what is no list. */
export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
