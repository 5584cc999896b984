// Waiting for a state of the link. Promise: who has stopped waiting leaves no listener behind.
import type { EventEmitter } from 'node:events';
import type { LinkChange, LinkState } from './connectivity.ts';

/** What tells of changes, with the state that it is in now. */
interface ChangingLink extends Pick<EventEmitter<{ change: [LinkChange] }>, 'on' | 'off'> {
  readonly state: LinkState;
}

/** Resolves at once when it is met, else with the change that meets it. Rejects with the signal's reason. */
export function untilLink(
  link: ChangingLink,
  isMet: (state: LinkState) => boolean,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (isMet(link.state)) return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const leave = (): void => {
    link.off('change', onChange);
    signal.removeEventListener('abort', onAbort);
  };
  const onChange = ({ to }: LinkChange): void => {
    if (!isMet(to)) return;
    leave();
    resolve();
  };
  const onAbort = (): void => {
    leave();
    reject(signal.reason);
  };
  link.on('change', onChange);
  signal.addEventListener('abort', onAbort);
  return promise;
}
