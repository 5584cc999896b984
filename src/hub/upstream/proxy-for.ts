// Whether a server is reached through an HTTP proxy, by the variables every program on the machine honours. Pure.
// Reads them as Go's net/http does (golang.org/x/net/http/httpproxy): lower-case wins, localhost is never proxied,
// NO_PROXY takes names, .suffixes, addresses, CIDR ranges, each with or without a port, and '*'.
import { BlockList, isIP, isIPv6 } from 'node:net';
import { ProxyRefusedError } from './errors.ts';

export type ProxyVariables = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for this origin, or undefined for a direct connection.
 * @throws ProxyRefusedError when the variable does not hold an http(s) URL
 */
export function proxyFor(origin: string, variables: ProxyVariables): URL | undefined {
  const { protocol, hostname, port } = new URL(origin);
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const text = variables[name] || variables[name.toUpperCase()];
  if (text === undefined || text === '') return undefined;
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const noProxy = variables.no_proxy || variables.NO_PROXY || '';
  if (isLoopback(host) || isExcluded(host, port || (protocol === 'https:' ? '443' : '80'), noProxy)) return undefined;
  return parseProxy(text, name);
}

function parseProxy(text: string, name: string): URL {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '') {
    throw new ProxyRefusedError(`${name.toUpperCase()} must be an http:// or https:// URL of a proxy`);
  }
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || host === '::1';
}

function isExcluded(host: string, port: string, noProxy: string): boolean {
  return noProxy
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .some((entry) => entry !== '' && excludes(entry, host, port));
}

function excludes(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return isInRange(host, entry);
  const { name, onlyPort } = splitPort(entry);
  if (onlyPort !== undefined && onlyPort !== port) return false;
  if (isIP(name) !== 0 || isIP(host) !== 0) return name === host;
  const suffix = name.replace(/^\*(?=\.)/, '');
  if (suffix.startsWith('.')) return host.endsWith(suffix);
  return host === suffix || host.endsWith(`.${suffix}`);
}

function splitPort(entry: string): { name: string; onlyPort: string | undefined } {
  if (isIPv6(entry)) return { name: entry, onlyPort: undefined };
  const parts = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(entry);
  if (parts === null) return { name: entry, onlyPort: undefined };
  return { name: parts[1] ?? parts[2] ?? entry, onlyPort: parts[3] };
}

function isInRange(host: string, range: string): boolean {
  const [address = '', bits = ''] = range.split('/');
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) {
    return false;
  }
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, Number(bits), type);
  return list.check(host, type);
}
