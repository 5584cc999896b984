// Cuts a label selector into words and symbols. Never fails: what is no symbol is part of a word, and the parser judges.

export interface Token {
  readonly kind: 'word' | 'symbol' | 'end';
  readonly text: string;
}

/** Longest symbol first; blanks separate; the last token is always 'end'. */
export function scanLabelSelector(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (const [, symbol, word] of text.matchAll(/[ \t\r\n]*(?:(==|!=|[=!(),<>])|([^ \t\r\n=!(),<>]+))/g)) {
    tokens.push(symbol === undefined ? { kind: 'word', text: word! } : { kind: 'symbol', text: symbol });
  }
  tokens.push({ kind: 'end', text: '' });
  return tokens;
}
