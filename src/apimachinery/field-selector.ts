// Field selectors: terms 'field=value', 'field==value', 'field!=value' joined by commas, with '\' before '\', ',' and '='
// in values. A field that an object lacks has the value ''. Whether a resource knows a field at all is fields.ts's matter.
// Source: apimachinery pkg/fields/selector.go.

import { badRequest } from './status.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  /** Unescaped. */
  readonly value: string;
  /** Canonical text of this requirement. */
  readonly text: string;
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  readonly isEmpty: boolean;
  matches(fields: Readonly<Record<string, string>>): boolean;
  /** Canonical: terms sorted, repeats collapsed, '==' as '='. */
  toString(): string;
  /** The value of the first 'metadata.name=' term, unless that value is empty. */
  readonly exactName: string | undefined;
}

/** Parses a fieldSelector parameter; '' selects everything. Throws StatusError 400 with apiserver's wording. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === '') return everything;
  const terms = splitTerms(text).filter((term) => term !== '');
  return new ParsedFieldSelector(terms.map((term) => parseTerm(term, text)));
}

/** `metadata.name=NAME` for any name, without the way through its text. */
export function selectName(name: string): FieldSelector {
  const text = `metadata.name=${escapeFieldValue(name)}`;
  return new ParsedFieldSelector([{ field: 'metadata.name', operator: '=', value: name, text }]);
}

class ParsedFieldSelector implements FieldSelector {
  readonly requirements: readonly FieldRequirement[];
  readonly isEmpty: boolean;
  readonly exactName: string | undefined;
  readonly #text: string;

  constructor(requirements: readonly FieldRequirement[]) {
    this.requirements = requirements.length < 2 ? requirements : sortedByText(requirements);
    this.isEmpty = this.requirements.length === 0;
    const named = this.requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=');
    this.exactName = named?.value || undefined;
    this.#text = this.requirements.map((requirement) => requirement.text).join(',');
  }

  matches(fields: Readonly<Record<string, string>>): boolean {
    return this.requirements.every(({ field, operator, value }) => {
      const actual = Object.hasOwn(fields, field) ? fields[field] : '';
      return (actual === value) === (operator === '=');
    });
  }

  toString(): string {
    return this.#text;
  }
}

function sortedByText(requirements: readonly FieldRequirement[]): readonly FieldRequirement[] {
  const byText = new Map(requirements.map((requirement) => [requirement.text, requirement]));
  return [...byText.keys()].sort().map((key) => byText.get(key)!);
}

const everything: FieldSelector = new ParsedFieldSelector([]);

/** Cuts at commas that no backslash precedes; escapes stay in the terms. */
function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let position = 0; position < text.length; position += 1) {
    if (text[position] === '\\') position += 1;
    else if (text[position] === ',') {
      terms.push(text.slice(start, position));
      start = position + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

/** The field side knows no escapes: the first operator in the term divides it. */
function parseTerm(term: string, selector: string): FieldRequirement {
  const divided = /^(.*?)(!=|==|=)(.*)$/s.exec(term);
  if (divided === null || divided[1] === '')
    throw badRequest(`invalid selector: '${selector}'; can't understand '${term}'`);
  const [, field, sign, escaped] = divided;
  const operator = sign === '!=' ? '!=' : '=';
  const value = unescapeValue(escaped!);
  return { field: field!, operator, value, text: `${field}${operator}${escapeFieldValue(value)}` };
}

function unescapeValue(escaped: string): string {
  return escaped.replace(/\\([\s\S]?)|[,=]/g, (found, escapedCharacter: string | undefined) => {
    if (escapedCharacter === undefined) {
      throw badRequest(`invalid field selector: unescaped character in value: ${found}; write \\${found}`);
    }
    if (escapedCharacter === '' || !'\\,='.includes(escapedCharacter)) {
      throw badRequest(`invalid field selector: invalid escape sequence: ${found}`);
    }
    return escapedCharacter;
  });
}

/** Makes any text fit for the value side of a term. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}
