// The switch of the link, for a terminal: POST /link/cut, POST /link/cut?how=refuse, POST /link/heal, GET /link.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Link, LinkMode } from './link.ts';

export interface LinkControl {
  /** http://127.0.0.1:<port>/link */
  readonly url: string;
  close(): Promise<void>;
}

/** Listens on loopback only: it has no credentials. */
export async function startLinkControl(
  link: Link,
  { port = 0 }: { readonly port?: number } = {},
): Promise<LinkControl> {
  const server = createServer((request, response) => void answer(link, request, response));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  server.off('error', reject);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/link`,
    close: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      server.closeAllConnections();
      await closed;
    },
  };
}

const words: Readonly<Record<LinkMode, string>> = {
  pass: 'the link is up: bytes flow between the node and its cloud',
  refuse: 'the link is cut: the cloud refuses connections',
  swallow: 'the link is cut: what the node sends is swallowed, nothing comes back',
};

async function answer(link: Link, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://link');
  const say = (code: number, text: string): void =>
    void response.writeHead(code, { 'content-type': 'text/plain' }).end(`${text}\n`);
  if (pathname === '/link' && request.method === 'GET') return say(200, words[link.mode]);
  if (request.method !== 'POST') return say(405, 'use POST /link/cut, POST /link/cut?how=refuse or POST /link/heal');
  const how = searchParams.get('how') ?? 'swallow';
  if (pathname === '/link/cut' && how !== 'swallow' && how !== 'refuse')
    return say(400, `how=${how}: say swallow or refuse`);
  if (pathname !== '/link/cut' && pathname !== '/link/heal')
    return say(404, 'there is /link, /link/cut and /link/heal');
  await link.setMode(pathname === '/link/heal' ? 'pass' : (how as LinkMode));
  return say(200, words[link.mode]);
}
