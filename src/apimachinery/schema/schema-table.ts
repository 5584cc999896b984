// The table of Kubernetes API types as text, and lookups in it. Only what is asked for is parsed: a node meets some
// dozens of the 1200 types. The text is written by scripts/schema/table (Go, by reflection over the API's own structs):
//
//   kind <apiVersion> <kind> <type>          apiVersion * for what every group has, e.g. DeleteOptions
//   type <type>                              a block for each type, set apart by an empty line
//   TypeMeta                                 the struct has kind and apiVersion
//   <json> <tag> <type> <flags> [<strategy> [<merge key>]]     one line for each field, in Go's order
//
// json '-' is an inline struct. Types are scalars, structs by name, or these behind [] (list), map[] or wrapped[].
// Flags: o omitempty, z omitzero, p pointer, - none.
import { type FieldSchema, type FieldType, TypeSchema } from './type-schema.ts';

const plainTypes: ReadonlySet<string> = new Set<FieldType>([
  'string',
  'bool',
  'int32',
  'int64',
  'double',
  'bytes',
  'any',
  'Time',
  'MicroTime',
  'Quantity',
  'IntOrString',
  'FieldsV1',
  'RawExtension',
]);

export class SchemaTable {
  readonly #kinds = new Map<string, string>();
  /** Type name → its lines as text, until they are asked for. */
  readonly #blocks = new Map<string, string>();
  #groups: ReadonlySet<string> | undefined;
  readonly #types = new Map<string, TypeSchema>();

  constructor(text: string) {
    for (const block of text.split('\n\n')) {
      if (block.startsWith('type ')) {
        const end = block.indexOf('\n');
        this.#blocks.set(block.slice(5, end < 0 ? undefined : end), end < 0 ? '' : block.slice(end + 1));
      } else {
        for (const line of block.split('\n')) {
          const [word, apiVersion, kind, type] = line.split(' ');
          if (word === 'kind') this.#kinds.set(`${apiVersion} ${kind}`, type!);
        }
      }
    }
  }

  /** The type of a kind; undefined for kinds that are not Kubernetes' own. */
  kind(apiVersion: string, kind: string): TypeSchema | undefined {
    const name = this.#kinds.get(`${apiVersion} ${kind}`) ?? this.#kinds.get(`* ${kind}`);
    return name === undefined ? undefined : this.type(name);
  }

  /** Whether a group has any kind of Kubernetes' own; '' is the core group. */
  hasGroup(group: string): boolean {
    this.#groups ??= new Set(this.kinds().map(([apiVersion]) => apiVersion.split('/').slice(0, -1).join('/')));
    return this.#groups.has(group);
  }

  /** All kinds, as `[apiVersion, kind]`; apiVersion `*` for those of every group. */
  kinds(): readonly (readonly [string, string])[] {
    return [...this.#kinds.keys()].map((key) => key.split(' ') as [string, string]);
  }

  /** @param name as in `TypeSchema.name`; a name that is not in the table is a RangeError */
  type(name: string): TypeSchema {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const block = this.#blocks.get(name);
    if (block === undefined) throw new RangeError(`the table of Kubernetes types has no ${name}`);
    const lines = block.split('\n').filter((line) => line !== '');
    const fields = lines.filter((line) => line !== 'TypeMeta').map((line) => this.#field(line));
    const type = new TypeSchema(name, lines[0] === 'TypeMeta', fields);
    this.#types.set(name, type);
    this.#blocks.delete(name);
    return type;
  }

  #field(line: string): FieldSchema {
    const [json = '', tag, text = '', flags = '', strategies = '', mergeKey] = line.split(' ');
    const words = strategies.split(',');
    const { container, isWrapped, element } = readType(text);
    const find = () => this.type(element);
    let message: TypeSchema | undefined;
    const isMessage = !plainTypes.has(element);
    return {
      json: json === '-' ? '' : json,
      tag: Number(tag),
      type: isMessage ? 'message' : (element as FieldType),
      get message(): TypeSchema | undefined {
        if (isMessage) message ??= find();
        return message;
      },
      container,
      isWrapped,
      isInline: json === '-',
      isPointer: flags.includes('p'),
      omitEmpty: flags.includes('o'),
      omitZero: flags.includes('z'),
      patchStrategy: words.includes('merge') ? 'merge' : words.includes('replace') ? 'replace' : undefined,
      retainsKeys: words.includes('retainKeys'),
      patchMergeKey: mergeKey,
    };
  }
}

function readType(text: string): Pick<FieldSchema, 'container' | 'isWrapped'> & { readonly element: string } {
  const [, container, wrapped, element] = /^(\[\]|map\[\])?(wrapped\[\])?(.+)$/.exec(text)!;
  return {
    container: container === 'map[]' ? 'map' : container === '[]' || wrapped !== undefined ? 'list' : 'none',
    isWrapped: wrapped !== undefined,
    element: element!,
  };
}
