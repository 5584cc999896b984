// Says what is wrong with a JSON text in the words of Go's encoding/json, for a text that JSON.parse has refused.
import { letterEscapes } from './go-text.ts';

/** Undefined when nothing is wrong. Only bytes count: what is not ASCII is named by its first byte. */
export const findJsonMistake = (bytes: Buffer): string | undefined => {
  const scanner = new Scanner(bytes);
  try {
    scanner.value();
    scanner.space();
    if (scanner.at < bytes.length) scanner.fail('after top-level value');
    return undefined;
  } catch (error) {
    if (error instanceof Mistake) return error.message;
    throw error;
  }
};

class Mistake extends Error {}

class Scanner {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Of the byte that stands next. At the end Go sees a blank, which is no mistake but inside a word, a number, an escape. */
  fail(context: string): never {
    const isInside = context.startsWith('in ') || context.startsWith('after decimal');
    const char = this.#next() || (isInside && context !== 'in string literal' ? ' ' : '');
    if (char === '') throw new Mistake('unexpected end of JSON input');
    throw new Mistake(`invalid character ${quoteByte(char)} ${context}`);
  }

  space(): void {
    while (this.#isNext(/[ \t\r\n]/)) this.at++;
  }

  value(): void {
    this.space();
    const char = this.#next();
    const literal = ['true', 'false', 'null'].find((one) => one[0] === char);
    if (char === '{') this.#members();
    else if (char === '[') this.#elements();
    else if (char === '"') this.#string();
    else if (char === '-' || /\d/.test(char)) this.#number();
    else if (literal !== undefined) this.#literal(literal);
    else this.fail('looking for beginning of value');
  }

  #next(): string {
    const byte = this.#bytes[this.at];
    return byte === undefined ? '' : String.fromCharCode(byte);
  }

  #isNext(pattern: RegExp): boolean {
    return pattern.test(this.#next());
  }

  /** Steps over it if it is. */
  #isEnd(pattern: RegExp): boolean {
    const isEnd = this.#isNext(pattern);
    if (isEnd) this.at++;
    return isEnd;
  }

  #take(pattern: RegExp, context: string): void {
    if (!this.#isNext(pattern)) this.fail(context);
    this.at++;
  }

  #members(): void {
    this.at++;
    this.space();
    if (this.#isEnd(/}/)) return;
    while (true) {
      this.space();
      if (!this.#isNext(/"/)) this.fail('looking for beginning of object key string');
      this.#string();
      this.space();
      this.#take(/:/, 'after object key');
      this.value();
      this.space();
      if (this.#isEnd(/}/)) return;
      this.#take(/,/, 'after object key:value pair');
    }
  }

  #elements(): void {
    this.at++;
    this.space();
    if (this.#isEnd(/]/)) return;
    while (true) {
      this.value();
      this.space();
      if (this.#isEnd(/]/)) return;
      this.#take(/,/, 'after array element');
    }
  }

  #string(): void {
    this.at++;
    while (!this.#isNext(/"/)) {
      if (this.#isNext(/\\/)) {
        this.at++;
        const isCodePoint = this.#isNext(/u/);
        this.#take(/["\\/bfnrtu]/, 'in string escape code');
        const digits = isCodePoint ? 4 : 0;
        for (let count = 0; count < digits; count++) {
          this.#take(/[0-9a-fA-F]/, 'in \\u hexadecimal character escape');
        }
        continue;
      }
      if (this.#next() < ' ') this.fail('in string literal');
      this.at++;
    }
    this.at++;
  }

  #number(): void {
    if (this.#isNext(/-/)) this.at++;
    const isZero = this.#isNext(/0/);
    this.#take(/\d/, 'in numeric literal');
    if (!isZero) this.#digits();
    if (this.#isNext(/\./)) {
      this.at++;
      this.#take(/\d/, 'after decimal point in numeric literal');
      this.#digits();
    }
    if (this.#isNext(/[eE]/)) {
      this.at++;
      if (this.#isNext(/[-+]/)) this.at++;
      this.#take(/\d/, 'in exponent of numeric literal');
      this.#digits();
    }
  }

  #digits(): void {
    while (this.#isNext(/\d/)) this.at++;
  }

  #literal(literal: string): void {
    for (const char of literal) {
      if (this.#next() !== char) this.fail(`in literal ${literal} (expecting '${char}')`);
      this.at++;
    }
  }
}

const controlNames: Readonly<Record<string, string>> = { "'": "\\'", ...letterEscapes };

const quoteByte = (char: string): string => {
  const code = char.charCodeAt(0);
  const isPlain = (code >= 0x20 && code < 0x7f) || (code > 0xa0 && code !== 0xad);
  const hex = code.toString(16);
  const text = controlNames[char] ?? (isPlain ? char : code < 0x80 ? `\\x${hex.padStart(2, '0')}` : `\\u00${hex}`);
  return `'${text}'`;
};
