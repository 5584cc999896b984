// What is wrong with one field of an object, in the words and reasons of apiserver's 422. Source: apimachinery
// pkg/util/validation/field.
import { type JsonValue, stringifyJson } from '../../apimachinery/json.ts';

export interface FieldProblem {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

function detailed(label: string, detail: string): string {
  return detail === '' ? label : `${label}: ${detail}`;
}

export function invalidValue(field: string, value: JsonValue | undefined, detail: string): FieldProblem {
  const message = detailed(`Invalid value: ${stringifyJson(value ?? null)}`, detail);
  return { reason: 'FieldValueInvalid', field, message };
}

export function missing(field: string, detail = ''): FieldProblem {
  return { reason: 'FieldValueRequired', field, message: detailed('Required value', detail) };
}

export function notAllowed(field: string, detail: string): FieldProblem {
  return { reason: 'FieldValueForbidden', field, message: detailed('Forbidden', detail) };
}

export function duplicate(field: string, value: JsonValue): FieldProblem {
  return { reason: 'FieldValueDuplicate', field, message: `Duplicate value: ${stringifyJson(value)}` };
}

export function tooLong(field: string, limitBytes: number): FieldProblem {
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${limitBytes} bytes` };
}

export function notSupported(field: string, value: JsonValue, supported: readonly string[]): FieldProblem {
  const list = supported.map((one) => JSON.stringify(one)).join(', ');
  const message = `Unsupported value: ${stringifyJson(value)}: supported values: ${list}`;
  return { reason: 'FieldValueNotSupported', field, message };
}

export const immutableDetail = 'field is immutable';
