// Finds the bearer token in a request's headers. Pure. Sources: RFC 6750 §2.1; for browsers, which cannot set
// Authorization on a WebSocket, kubernetes apiserver pkg/authentication/request/websocket/protocol.go.
import type { IncomingHttpHeaders } from 'node:http';

export type PresentedToken =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'refused'; readonly message: string };

export const maxTokenLength = 64 * 1024;

const protocolPrefix = 'base64url.bearer.authorization.k8s.io.';
const none: PresentedToken = { kind: 'none' };

/** Where a request carries a token. The same place and text always mean the same token. */
export interface TokenSource {
  readonly from: 'authorization' | 'websocket-protocol' | 'both';
  readonly text: string;
}

/** Undefined when the request carries none. Cheap: the text is not looked into. */
export function tokenSource(headers: IncomingHttpHeaders): TokenSource | undefined {
  const { authorization } = headers;
  const protocols = headers['sec-websocket-protocol'];
  const isInProtocol = protocols?.includes(protocolPrefix) === true;
  if (authorization !== undefined) return { from: isInProtocol ? 'both' : 'authorization', text: authorization };
  return isInProtocol && headers.upgrade?.toLowerCase() === 'websocket'
    ? { from: 'websocket-protocol', text: protocols! }
    : undefined;
}

export function readBearerToken({ from, text }: TokenSource): PresentedToken {
  switch (from) {
    case 'both':
      // The apiserver would try one after the other, and its success would seem to prove the wrong one.
      return refused('there is a token in Authorization and another in Sec-WebSocket-Protocol');
    case 'authorization':
      return fromAuthorization(text);
    case 'websocket-protocol':
      return fromProtocols(text);
  }
}

function fromAuthorization(text: string): PresentedToken {
  const trimmed = text.trim();
  if (trimmed === '') return none;
  const space = trimmed.indexOf(' ');
  const scheme = space === -1 ? trimmed : trimmed.slice(0, space);
  if (scheme.toLowerCase() !== 'bearer') {
    // A well-known scheme is named; anything else may be the secret itself.
    const name = /^(basic|digest|negotiate|ntlm)$/i.test(scheme) ? scheme : 'this kind of';
    return refused(`the hub does not take ${name} credentials`);
  }
  return checked(trimmed.slice(scheme.length).trim());
}

function fromProtocols(text: string): PresentedToken {
  const tokens = text.split(',').flatMap((one) => {
    const protocol = one.trim();
    return protocol.startsWith(protocolPrefix) ? [protocol.slice(protocolPrefix.length)] : [];
  });
  if (tokens.length > 1) return refused('there is more than one bearer token in Sec-WebSocket-Protocol');
  return tokens.length === 0 ? none : checked(Buffer.from(tokens[0]!, 'base64url').toString('utf8'));
}

function checked(token: string): PresentedToken {
  if (token === '') return refused('the bearer token is empty');
  if (token.length > maxTokenLength) return refused(`the bearer token is longer than ${maxTokenLength} characters`);
  // More lenient than RFC 6750's b64token, but one word: what goes upstream is then exactly what was judged.
  if (!/^[\x21-\x7e]+$/.test(token)) return refused('the bearer token contains characters that no token has');
  return { kind: 'token', token };
}

function refused(message: string): PresentedToken {
  return { kind: 'refused', message };
}
