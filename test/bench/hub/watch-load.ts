// Many watchers of one scope and a steady stream of changes: what a delivery costs and how late it comes.
import { once } from 'node:events';
import { get } from 'node:http';
import { get as getTls } from 'node:https';
import type { Target } from './load.ts';

export interface Watching {
  /** Lateness of each delivery in ms, by the time that the change carries. */
  readonly lags: number[];
  stop(): void;
}

/** Watches from the present state on. A change carries the time of its making in annotation `bench/at`. */
export async function watch(target: Target, path: string, count: number): Promise<Watching> {
  const lags: number[] = [];
  const stops: (() => void)[] = [];
  for (let index = 0; index < count; index++) {
    const options = {
      agent: false as const,
      headers: { accept: 'application/json', ...target.headers },
      ...target.tls,
    };
    const list = await read(target, path, options);
    const version = /"resourceVersion":"(\d+)"/.exec(list)?.[1];
    const url = `${target.url}${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
    const request = target.tls === undefined ? get(url, options) : getTls(url, options);
    const [response] = await once(request, 'response');
    let text = '';
    response.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const now = performance.timeOrigin + performance.now();
      const lines = text.split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const at = /"bench\/at":"([\d.]+)"/.exec(line)?.[1];
        if (at !== undefined && line.startsWith('{"type":"MODIFIED"')) lags.push(now - Number(at));
      }
    });
    response.on('error', () => undefined); // stop() destroys the connection
    stops.push(() => request.destroy());
  }
  return {
    lags,
    stop: () => {
      for (const stop of stops) stop();
    },
  };
}

async function read(target: Target, path: string, options: object): Promise<string> {
  const request =
    target.tls === undefined
      ? get(`${target.url}${path}?resourceVersion=0`, options)
      : getTls(`${target.url}${path}?resourceVersion=0`, options);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text.slice(0, 400);
}
