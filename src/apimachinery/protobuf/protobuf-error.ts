// Why a protobuf body cannot be read or written.

/** 400 it is malformed, 415 its kind has no protobuf form that we know, 503 a field is newer than our table. */
export type ProtobufErrorCode = 400 | 415 | 503;

export class ProtobufError extends Error {
  readonly code: ProtobufErrorCode;

  constructor(code: ProtobufErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The table does not have this kind: a custom resource, or a kind newer than the table. */
export class UnknownKindError extends ProtobufError {
  constructor(apiVersion: string, kind: string) {
    super(415, `${apiVersion} ${kind} has no protobuf form that is known here`);
  }
}

/** A field the table does not have. To go on without it would lose it. */
export class UnknownFieldError extends ProtobufError {
  /** The struct and the field, as in `core/v1.Container.99`. */
  readonly field: string;

  constructor(type: string, field: string | number) {
    super(503, `${type} has a field ${field} that is not known here`);
    this.field = `${type}.${field}`;
  }
}
