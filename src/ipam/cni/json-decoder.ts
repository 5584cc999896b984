// Reads parsed JSON into typed values the way Go's encoding/json does: keys in any case, null as absent, what is unknown
// ignored, and a value of the wrong kind noted in Go's words while the reading goes on.

/** Where a value stands: the Go struct that has it as a field, and the names that lead there. */
interface Place {
  readonly struct: string;
  readonly path: string;
}

export interface DecodeMistake {
  /** Names from the top, joined by dots; elements of lists carry the name of the list. */
  readonly path: string;
  readonly message: string;
  /** Go stops at it. */
  readonly isFinal: boolean;
}

/** Which of them Go reports: the one that it stops at, else the first in the order of the text. */
export const toldMistake = (mistakes: readonly DecodeMistake[]): DecodeMistake | undefined =>
  mistakes.find(({ isFinal }) => isFinal) ?? mistakes[0];

/** Returns undefined for null and for what it had to note in `mistakes`. */
export type Decoder<T> = (value: unknown, place: Place, mistakes: DecodeMistake[]) => T | undefined;

type Fields = Readonly<Record<string, Decoder<unknown>>>;
export type Decoded<F extends Fields> = { readonly [K in keyof F]?: F[K] extends Decoder<infer T> ? T : never };

export const decodeFromTop = <T>(decoder: Decoder<T>, value: unknown, mistakes: DecodeMistake[]): T | undefined =>
  decoder(value, { struct: '', path: '' }, mistakes);

/** @param goType how Go prints the type, when it is not `name` (a nameless struct) */
export const object =
  <F extends Fields>(name: string, fields: F, goType: string = name): Decoder<Decoded<F>> =>
  (value, place, mistakes) => {
    if (value === null) return undefined;
    if (typeof value !== 'object' || Array.isArray(value)) return wrongKind(value, place, goType, mistakes);
    const found: Record<string, unknown> = {};
    for (const [key, member] of Object.entries(value)) {
      const field = Object.hasOwn(fields, key) ? key : Object.keys(fields).find((one) => isFolded(one, key));
      if (field === undefined) continue;
      const inside = { struct: shortName(name), path: place.path === '' ? field : `${place.path}.${field}` };
      const decoded = fields[field]!(member, inside, mistakes);
      if (decoded !== undefined) found[field] = decoded;
    }
    return found as Decoded<F>;
  };

/** Elements that are null stay, as undefined. */
export const list =
  <T>(element: Decoder<T>, goType: string): Decoder<readonly (T | undefined)[]> =>
  (value, place, mistakes) => {
    if (value === null) return undefined;
    if (!Array.isArray(value)) return wrongKind(value, place, goType, mistakes);
    return value.map((one) => element(one, place, mistakes));
  };

export const string: Decoder<string> = (value, place, mistakes) => {
  if (value === null) return undefined;
  return typeof value === 'string' ? value : wrongKind(value, place, 'string', mistakes);
};

export const integer: Decoder<number> = (value, place, mistakes) => {
  if (value === null) return undefined;
  if (typeof value !== 'number') return wrongKind(value, place, 'int', mistakes);
  if (Number.isInteger(value)) return value;
  mistakes.push({ path: place.path, message: wrongKindText(`number ${value}`, place, 'int'), isFinal: false });
  return undefined;
};

/** Whatever it is. */
export const anything: Decoder<unknown> = (value) => value ?? undefined;

/** A string that means something. `parse` returns undefined for what it does not understand, which is noted as `complaint`. */
export const text =
  <T>(goType: string, parse: (text: string) => T | undefined, complaint: (text: string) => string): Decoder<T> =>
  (value, place, mistakes) => {
    if (value === null) return undefined;
    if (typeof value !== 'string') return wrongKind(value, place, goType, mistakes);
    const parsed = parse(value);
    if (parsed === undefined) mistakes.push({ path: place.path, message: complaint(value), isFinal: true });
    return parsed;
  };

/** Of a Go type that reads itself: Go stops at whatever it complains about. */
export const selfReading =
  <T>(decoder: Decoder<T>): Decoder<T> =>
  (value, place, mistakes) => {
    const own: DecodeMistake[] = [];
    const decoded = decoder(value, place, own);
    const told = toldMistake(own);
    if (told) mistakes.push({ ...told, isFinal: true });
    return decoded;
  };

const wrongKind = (value: unknown, place: Place, goType: string, mistakes: DecodeMistake[]): undefined => {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  mistakes.push({ path: place.path, message: wrongKindText(kind, place, goType), isFinal: false });
};

const wrongKindText = (kind: string, { struct, path }: Place, goType: string): string =>
  path === ''
    ? `json: cannot unmarshal ${kind} into Go value of type ${goType}`
    : `json: cannot unmarshal ${kind} into Go struct field ${struct}.${path} of type ${goType}`;

/** `allocator.Range` is `Range` as the owner of a field. */
const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

const isFolded = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
