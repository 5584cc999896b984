// Source text without its comments, for tests that read source. Pure.

/** Blanks out comments, and leaves strings and template literals as they are. */
export function withoutComments(source: string): string {
  const tokens = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
  return source.replace(tokens, (token) => (token.startsWith('//') || token.startsWith('/*') ? ' ' : token));
}
