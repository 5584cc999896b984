// What is known about one Kubernetes API type: its fields in the order in which apiserver writes them, with their JSON
// name, protobuf tag, type and patch strategy. Immutable; the types of its fields are looked up when first asked for.

/** Scalars, types with a JSON form of their own, and `message` for all other structs. */
export type FieldType =
  | 'string'
  | 'bool'
  | 'int32'
  | 'int64'
  | 'double'
  | 'bytes'
  | 'any'
  | 'Time'
  | 'MicroTime'
  | 'Quantity'
  | 'IntOrString'
  | 'FieldsV1'
  | 'RawExtension'
  | 'message';

export interface FieldSchema {
  /** JSON name; '' when `isInline`. */
  readonly json: string;
  /** Protobuf field number; 0 when the field is not in protobuf. */
  readonly tag: number;
  /** The type, or that of the elements of a list, or that of the values of a map. */
  readonly type: FieldType;
  /** The struct, when `type` is `message`. */
  readonly message: TypeSchema | undefined;
  readonly container: 'none' | 'list' | 'map';
  /** The list (or each value of the map, which then is a list) is a message of its own in protobuf: items = 1. */
  readonly isWrapped: boolean;
  /** A message in protobuf whose fields stand in its parent's object in JSON. */
  readonly isInline: boolean;
  /** Absent and zero are two things. */
  readonly isPointer: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
  readonly patchStrategy: 'merge' | 'replace' | undefined;
  /** The field's elements, or the field itself, are unions: `$retainKeys` is expected in patches. */
  readonly retainsKeys: boolean;
  /** The key by which elements of a list with the strategy `merge` are told apart; undefined for lists of scalars. */
  readonly patchMergeKey: string | undefined;
}

export class TypeSchema {
  /** As in Go, behind the last parts of its package: `core/v1.Pod`. */
  readonly name: string;
  /** It has `kind` and `apiVersion` in JSON, which protobuf keeps outside. */
  readonly hasTypeMeta: boolean;
  readonly fields: readonly FieldSchema[];
  #named: readonly FieldSchema[] | undefined;
  #byJson: Map<string, FieldSchema> | undefined;
  #byTag: number[] | undefined;
  #descending: readonly FieldSchema[] | undefined;

  constructor(name: string, hasTypeMeta: boolean, fields: readonly FieldSchema[]) {
    this.name = name;
    this.hasTypeMeta = hasTypeMeta;
    this.fields = fields;
  }

  /** All fields with a JSON name, those of inline structs in their place. */
  get namedFields(): readonly FieldSchema[] {
    this.#named ??= this.fields.flatMap((field) => (field.isInline ? field.message!.namedFields : [field]));
    return this.#named;
  }

  /** The field with this JSON name, those of inline structs among them; `kind` and `apiVersion` are none. */
  field(json: string): FieldSchema | undefined {
    this.#byJson ??= new Map(this.namedFields.map((field) => [field.json, field]));
    return this.#byJson.get(json);
  }

  /** Where in `fields` the one with this protobuf number stands; -1 when the struct has none. */
  indexByTag(tag: number): number {
    if (this.#byTag === undefined) {
      this.#byTag = [];
      for (const [index, field] of this.fields.entries()) if (field.tag > 0) this.#byTag[field.tag] = index;
    }
    return this.#byTag[tag] ?? -1;
  }

  /** The fields that are in protobuf, by number from the highest to the lowest. */
  get fieldsByTagDescending(): readonly FieldSchema[] {
    this.#descending ??= this.fields.filter((field) => field.tag > 0).toSorted((one, other) => other.tag - one.tag);
    return this.#descending;
  }
}
