// Which Host headers the admin port answers. A web page can make a browser on this node send requests to 127.0.0.1
// under a name of its own (DNS rebinding); it cannot make the Host header an IP address or localhost. Pure.
import { isIP } from 'node:net';

export function isTrustedHost(header: string | undefined, ownNames: ReadonlySet<string>): boolean {
  if (header === undefined) return false;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/.exec(header);
  const host = (match?.[1] ?? match?.[2])?.toLowerCase();
  return host !== undefined && (isIP(host) !== 0 || host === 'localhost' || ownNames.has(host));
}
