// Text as Go's standard library writes it, since host-local's messages and results are that text.

/** JSON of a value, indented by four spaces, with Go's escapes; no newline at the end. */
export const goJson = (value: unknown): string =>
  JSON.stringify(value, (_, some) => (typeof some === 'string' ? some.toWellFormed() : some), 4).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/** Of characters that `%q` writes with a letter, whatever stands around. */
export const letterEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
const shortEscapes: Readonly<Record<string, string>> = { '"': '\\"', ...letterEscapes };

/** A string as `%q` prints it. */
export const goQuote = (text: string): string => {
  const escaped = text.replace(/["\\]|(?! )[\p{C}\p{Z}]/gu, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (shortEscapes[char] !== undefined) return shortEscapes[char];
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${escaped}"`;
};

/** A list of strings as `%q` prints it. */
export const goQuoteAll = (texts: readonly string[]): string => `[${texts.map(goQuote).join(' ')}]`;

const systemTexts: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EEXIST: 'file exists',
  EISDIR: 'is a directory',
  ELOOP: 'too many levels of symbolic links',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'file name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
};

/** `open /x: no such file or directory`; the message of what is no error of the operating system. */
export const systemErrorText = (error: unknown, path?: string): string => {
  const { code, syscall, path: own, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error instanceof Error ? message : String(error);
  return `${syscall} ${own ?? path ?? ''}: ${systemTexts[code] ?? message}`;
};
