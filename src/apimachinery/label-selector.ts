// Label selectors as apiserver understands them: parse, match, and one canonical text, so that two spellings of the same
// selector are the same scope. '==' becomes '=', a set of one becomes '=' or '!=', repeated requirements collapse.
// Source: apimachinery pkg/labels/selector.go.

import { scanLabelSelector, type Token } from './label-selector-scanner.ts';
import { labelKeyProblems, labelValueProblems } from './label-syntax.ts';
import { badRequest } from './status.ts';

export type LabelOperator = '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without repeats; empty for 'exists' and '!', one for '=', '!=', '>' and '<', two or more for sets. */
  readonly values: readonly string[];
  /** Canonical text of this requirement. */
  readonly text: string;
}

export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly isEmpty: boolean;
  matches(labels: Readonly<Record<string, string>>): boolean;
  toString(): string;
}

/** Parses a labelSelector parameter; '' selects everything. Throws StatusError 400 with apiserver's wording. */
export function parseLabelSelector(text: string): LabelSelector {
  return text === '' ? everything : new ParsedLabelSelector(new Parser(text).selector());
}

class ParsedLabelSelector implements LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly isEmpty: boolean;
  readonly #text: string;

  constructor(requirements: readonly LabelRequirement[]) {
    const byText = new Map(requirements.map((requirement) => [requirement.text, requirement]));
    this.requirements = [...byText.keys()].sort().map((key) => byText.get(key)!);
    this.isEmpty = this.requirements.length === 0;
    this.#text = this.requirements.map((requirement) => requirement.text).join(',');
  }

  matches(labels: Readonly<Record<string, string>>): boolean {
    return this.requirements.every((requirement) => isMet(requirement, labels));
  }

  toString(): string {
    return this.#text;
  }
}

const everything: LabelSelector = new ParsedLabelSelector([]);

function isMet({ key, operator, values }: LabelRequirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case '=':
    case 'in':
      return value !== undefined && values.includes(value);
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value);
    case '>':
    case '<': {
      const number = value === undefined ? undefined : parseInt64(value);
      const bound = parseInt64(values[0]!);
      if (number === undefined || bound === undefined) return false;
      return operator === '>' ? number > bound : number < bound;
    }
  }
}

/** Go's ParseInt(text, 10, 64): an optional sign and digits within int64. */
function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

/** Checks key and values and brings the requirement into canonical form. Throws StatusError 400. */
function requirement(key: string, operator: LabelOperator, given: readonly string[]): LabelRequirement {
  const values = [...new Set(given)].sort();
  const problems = [
    ...labelKeyProblems(key).map((problem) => `key: Invalid value: ${JSON.stringify(key)}: ${problem}`),
  ];
  for (const [index, value] of values.entries()) {
    if ((operator === '>' || operator === '<') && parseInt64(value) === undefined) {
      const problem = "for 'Gt', 'Lt' operators, the value must be an integer";
      problems.push(`values[${index}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
    }
    for (const problem of labelValueProblems(value)) {
      problems.push(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
    }
  }
  if (problems.length > 0) {
    const list = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`;
    throw badRequest(`unable to parse requirement: ${list}`);
  }
  const narrowed = operator === 'in' && values.length === 1 ? '=' : operator;
  const settled = narrowed === 'notin' && values.length === 1 ? '!=' : narrowed;
  return { key, operator: settled, values, text: requirementText(key, settled, values) };
}

function requirementText(key: string, operator: LabelOperator, values: readonly string[]): string {
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

const binaryOperators = new Map<string, LabelOperator>([
  ['in', 'in'],
  ['notin', 'notin'],
  ['=', '='],
  ['==', '='],
  ['!=', '!='],
  ['>', '>'],
  ['<', '<'],
]);

/** Recursive descent over the tokens; 'in' and 'notin' are words wherever an operator cannot stand. */
class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(text: string) {
    this.#tokens = scanLabelSelector(text);
  }

  selector(): readonly LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    if (this.#peek().kind === 'end') return requirements;
    if (!this.#startsRequirement()) throw this.#unexpected("expected: !, identifier, or 'end of string'", false);
    for (;;) {
      requirements.push(this.#requirement());
      if (this.#peek().kind === 'end') return requirements;
      if (!this.#take(',')) throw this.#unexpected("expected: ',' or 'end of string'", false);
      if (!this.#startsRequirement()) throw this.#unexpected("expected: identifier after ','", false);
    }
  }

  #requirement(): LabelRequirement {
    const isNegated = this.#take('!');
    const key = this.#word();
    if (key === undefined) throw this.#unexpected('expected: identifier');
    const [problem] = labelKeyProblems(key);
    if (problem !== undefined) {
      throw badRequest(`unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
    }
    if (isNegated) return requirement(key, '!', []);
    if (this.#peek().kind === 'end' || this.#isSymbol(',')) return requirement(key, 'exists', []);
    const operator = binaryOperators.get(this.#peek().text);
    if (operator === undefined) throw this.#unexpected('expected: in, notin, =, ==, !=, gt, lt'); // the apiserver's names for > and <
    this.#position += 1;
    return requirement(key, operator, operator === 'in' || operator === 'notin' ? this.#set() : [this.#value()]);
  }

  #value(): string {
    if (this.#peek().kind === 'end' || this.#isSymbol(',')) return '';
    const value = this.#word();
    if (value === undefined) throw this.#unexpected('expected: identifier');
    return value;
  }

  /** '(a,b)'; an empty place between commas or parentheses is the empty value. */
  #set(): string[] {
    if (!this.#take('(')) throw this.#unexpected("expected: '('");
    const values: string[] = [];
    for (;;) {
      values.push(this.#word() ?? '');
      if (this.#take(')')) return values;
      if (!this.#take(',')) throw this.#unexpected("expected: ',' or ')'");
    }
  }

  #peek(): Token {
    return this.#tokens[this.#position]!;
  }

  #isSymbol(symbol: string): boolean {
    const token = this.#peek();
    return token.kind === 'symbol' && token.text === symbol;
  }

  #take(symbol: string): boolean {
    const isThere = this.#isSymbol(symbol);
    if (isThere) this.#position += 1;
    return isThere;
  }

  #word(): string | undefined {
    const token = this.#peek();
    if (token.kind !== 'word') return undefined;
    this.#position += 1;
    return token.text;
  }

  #startsRequirement(): boolean {
    return this.#peek().kind === 'word' || this.#isSymbol('!');
  }

  #unexpected(expected: string, isInRequirement = true): Error {
    const prefix = isInRequirement ? 'unable to parse requirement: ' : '';
    return badRequest(`${prefix}found '${this.#peek().text}', ${expected}`);
  }
}
