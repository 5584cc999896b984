// Logs of pods that do not really run.

import { badRequest } from '../apimachinery/status.ts';
import type { Call } from './call.ts';
import { listAt, textAt } from './field-path.ts';
import { definitionOfKey } from './resource-definitions.ts';
import { every, microTimestamp } from './timing.ts';

const logIntervalMs = 1_000;

/** GET pods/log: some lines, and with follow=true one more every second until the client leaves. */
export async function handleLog({ info, store, reply, clock, signal }: Call): Promise<void> {
  const pod = store.get(definitionOfKey('v1/pods'), info.namespace, info.name).document;
  const names = listAt(pod, 'spec.containers').map((container) => textAt(container, 'name'));
  const container = info.query.get('container') ?? names[0] ?? '';
  if (!names.includes(container)) throw badRequest(`container ${container} is not valid for pod ${info.name}`);
  const asked = Number(info.query.get('tailLines') ?? 10);
  const lineCount = Number.isInteger(asked) && asked >= 0 ? Math.min(asked, 10) : 10;
  const line = (epochMs: number): Buffer =>
    Buffer.from(`${microTimestamp(epochMs)} ${info.name} ${container}: all is well\n`);
  const now = clock.now();
  const past = Array.from({ length: lineCount }, (_, index) => line(now - (lineCount - index) * logIntervalMs));
  if (info.query.get('follow') !== 'true')
    return reply.send(200, Buffer.concat(past), { 'content-type': 'text/plain' });
  reply.begin(200, { 'content-type': 'text/plain' });
  for (const entry of past) reply.write(entry);
  const { promise, resolve } = Promise.withResolvers<void>();
  const stopLines = every(clock, logIntervalMs, () => reply.write(line(clock.now())));
  const stop = (): void => {
    stopLines();
    resolve();
  };
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  await promise;
  reply.end();
}
