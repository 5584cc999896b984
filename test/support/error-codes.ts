// Finds the error codes that a source file declares or throws, as words in its text.

const declared = /\bcode(?:\s*:[^=;]+)?\s*=\s*'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;
const prefixed = /'((?:HOLDFAST|STORAGE|PKI)(?:_[A-Z0-9]+)+)'/g;

export function findErrorCodes(source: string): string[] {
  const found = [declared, prefixed].flatMap((form) => [...source.matchAll(form)].map(([, code]) => code!));
  return [...new Set(found)];
}
