// Who may ask what on the admin port, told by where a request comes from. Pure.
import type { IncomingHttpHeaders } from 'node:http';
import { StatusError, status } from '../../apimachinery/status.ts';

/** @throws StatusError 403 for a caller on another machine */
export function refuseRemote({ ip }: { readonly ip: string }): void {
  const address = ip.replace(/^::ffff:/, '');
  if (address === '::1' || address.startsWith('127.')) return;
  throw new StatusError(status('Forbidden', 'what the store holds is shown on this machine only; ask over 127.0.0.1'));
}

/**
 * A browser says so when a page has it ask somebody else than the page's own server.
 * @throws StatusError 403
 */
export function refuseCrossSite(headers: IncomingHttpHeaders): void {
  const { origin, host = '' } = headers;
  const site = headers['sec-fetch-site'];
  const isOwn = origin === undefined || origin === `http://${host}`;
  if (isOwn && (site === undefined || site === 'none' || site === 'same-origin')) return;
  throw new StatusError(status('Forbidden', 'no web page may ask this; ask from a command line on the node'));
}
