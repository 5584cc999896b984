// `Warning` headers, as kubectl and client-go print them. Source: RFC 7234 §5.5; apimachinery pkg/util/net, NewWarningHeader;
// apiserver pkg/endpoints/filters/warning.go.

/** Of all of them together. */
const longestChars = 4096;
/** Of one. */
const longestTextChars = 256;

/** As many as fit in. Any text can be a key, and so stand in one: on the wire it is UTF-8. */
export function warningHeaders(texts: readonly string[]): { readonly warning?: readonly string[] } {
  const warning: string[] = [];
  let chars = 0;
  for (const text of texts) {
    const header = `299 - ${JSON.stringify(text.slice(0, longestTextChars).replaceAll('\u007f', ''))}`;
    chars += header.length;
    if (chars > longestChars) break;
    warning.push(Buffer.from(header.toWellFormed()).toString('latin1'));
  }
  return warning.length === 0 ? {} : { warning };
}
