// Reads single parameters out of a query string without building all of them: the request pipeline asks for one or two.

/** The first value of a parameter, decoded; undefined when it is absent. `search` begins with '?' or is ''. */
export function queryValue(search: string, key: string): string | undefined {
  let start = 1;
  while (start < search.length) {
    const next = search.indexOf('&', start);
    const end = next < 0 ? search.length : next;
    const equals = search.indexOf('=', start);
    const keyEnd = equals < 0 || equals > end ? end : equals;
    const isRaw = keyEnd - start === key.length && search.startsWith(key, start);
    if (isRaw || decoded(search.slice(start, keyEnd)) === key) {
      return keyEnd === end ? '' : decoded(search.slice(keyEnd + 1, end));
    }
    start = end + 1;
  }
  return undefined;
}

/** As URLSearchParams decodes: '+' is a blank, an invalid '%' stays as it is. */
function decoded(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text;
  return new URLSearchParams(`=${text}`).get('') ?? '';
}

/** How apiserver converts boolean parameters: everything that is there, but 'false' and '0', is true. */
export function isTrueParameter(value: string | undefined): boolean {
  return value !== undefined && value !== '0' && value.toLowerCase() !== 'false';
}
