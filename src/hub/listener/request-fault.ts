// What is wrong with a request's head beyond what the HTTP parser refuses by itself. Pure. Two parsers that read one
// request differently are how requests get smuggled, so whatever could be read in two ways is refused.
// Source: RFC 9112 §§2.3, 3.2, 6.1; RFC 9110 §9.3.8.
import type { IncomingMessage } from 'node:http';
import { type Status, status } from '../../apimachinery/status.ts';

export type RequestHead = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'rawHeaders'>;

/** A 4xx Status whose code has no Kubernetes reason of its own. */
export function transportStatus(code: number, message: string): Status {
  return { ...status(code === 405 ? 'MethodNotAllowed' : 'BadRequest', message), code };
}

/** Undefined for a request that may go on. A fault ends the connection: nobody knows what follows on it. */
export function requestFault(head: RequestHead, maxUrlLength: number): Status | undefined {
  const url = head.url!;
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0') {
    return transportStatus(400, `HTTP version ${head.httpVersion} is not spoken here; use HTTP/1.1`);
  }
  if (url.length > maxUrlLength) {
    return transportStatus(414, `the URL has ${url.length} characters, more than the limit of ${maxUrlLength}`);
  }
  if (head.method === 'TRACE') return transportStatus(405, 'TRACE is not supported');
  if (head.method === 'CONNECT') return transportStatus(405, 'CONNECT is not supported: this is not a forward proxy');
  if (url.charCodeAt(0) !== slash && originForm(url) === undefined) {
    return transportStatus(400, 'the request target is not a path');
  }
  if (url.includes('#')) return transportStatus(400, 'the request target carries a fragment (#); write it as %23');
  return headerFault(head);
}

const slash = 0x2f;

function headerFault({ rawHeaders, httpVersion }: RequestHead): Status | undefined {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
      if (httpVersion === '1.0') return transportStatus(400, 'Transfer-Encoding is not part of HTTP/1.0');
      if (rawHeaders[i + 1]!.toLowerCase() !== 'chunked') {
        return transportStatus(400, 'only "chunked" is understood as Transfer-Encoding');
      }
    }
  }
  if (hosts > 1) return transportStatus(400, 'there is more than one Host header');
  if (hosts === 0 && httpVersion === '1.1') return transportStatus(400, 'the Host header is missing');
  return undefined;
}

/** The path and query of a target in absolute form (`http://host/path`), which servers must take too. */
export function originForm(target: string): string | undefined {
  const match = /^https?:\/\/[^/?#]+([/?].*)?$/i.exec(target);
  if (match === null) return undefined;
  const rest = match[1] ?? '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
