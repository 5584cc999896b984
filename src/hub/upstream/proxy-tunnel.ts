// A CONNECT tunnel through an HTTP proxy (RFC 9110 §9.3.6): a socket to the proxy on which, from the first byte given
// back, the server speaks.
import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { Lookup } from './address-lookup.ts';
import { ProxyRefusedError } from './errors.ts';

export interface TunnelTarget {
  readonly proxy: URL;
  /** `host:port`, an IPv6 host in brackets. */
  readonly authority: string;
  readonly keepAliveInitialDelayMs: number;
  readonly lookup: Lookup;
}

/** Calls back once. The returned function gives up; the callback then gets an error. */
export function openProxyTunnel(
  target: TunnelTarget,
  callback: (error: Error | undefined, socket: Socket | undefined) => void,
): () => void {
  const request = connectRequest(target);
  let isSettled = false;
  const settle = (error: Error | undefined, socket: Socket | undefined): void => {
    if (isSettled) return;
    isSettled = true;
    callback(error, socket);
  };
  request.on('connect', (response, socket, head) => {
    if (response.statusCode !== 200) {
      socket.destroy();
      settle(
        new ProxyRefusedError(`the proxy ${target.proxy.host} answered ${response.statusCode} to CONNECT`),
        undefined,
      );
      return;
    }
    if (head.length > 0) socket.unshift(head);
    socket.setKeepAlive(true, target.keepAliveInitialDelayMs);
    socket.setNoDelay(true);
    socket.allowHalfOpen = true; // whoever speaks TLS over it decides about closing
    settle(undefined, socket);
  });
  request.on('response', (response) => {
    response.destroy();
    settle(
      new ProxyRefusedError(`the proxy ${target.proxy.host} answered ${response.statusCode} to CONNECT`),
      undefined,
    );
  });
  request.on('error', (error) => settle(error, undefined));
  request.end();
  return () => request.destroy(new ProxyRefusedError(`the proxy ${target.proxy.host} took too long`));
}

function connectRequest({ proxy, authority, lookup }: TunnelTarget): ClientRequest {
  const send = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const user = decodeURIComponent(proxy.username);
  const password = decodeURIComponent(proxy.password);
  return send({
    host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers: {
      host: authority,
      ...(proxy.username !== '' && {
        'proxy-authorization': `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      }),
    },
    agent: false,
    lookup,
  });
}
