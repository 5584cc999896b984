// A watch that is read from the moment it is made, with all it said and how it ended.
import type { ApiClient, RequestOptions, WatchEvent } from './api-client.ts';
import { eventually, NeverError } from './eventually.ts';

export interface FollowedWatch {
  readonly events: readonly WatchEvent[];
  /** Why it ended; undefined while it is open, '' when the server ended it as it should. */
  readonly end: string | undefined;
  waitFor(what: string, matches: (event: WatchEvent) => boolean, timeoutMs?: number): Promise<WatchEvent>;
  ended(timeoutMs?: number): Promise<string>;
  stop(): void;
}

export function followWatch(client: ApiClient, path: string, options: RequestOptions = {}): FollowedWatch {
  const events: WatchEvent[] = [];
  const stopping = new AbortController();
  let end: string | undefined;
  const read = async () => {
    for await (const event of client.watch(path, { ...options, signal: stopping.signal })) events.push(event);
  };
  read().then(
    () => {
      end = '';
    },
    (error: Error) => {
      end = error.message;
    },
  );
  return {
    events,
    get end() {
      return end;
    },
    waitFor: (what, matches, timeoutMs = 10_000) =>
      eventually(
        what,
        () => {
          const found = events.find(matches);
          if (found === undefined && end !== undefined) {
            const last = JSON.stringify(events.at(-1))?.slice(0, 500);
            throw new NeverError(
              `waited for ${what}, but the watch has ended: ${end || 'cleanly'}; last event: ${last}`,
            );
          }
          return found;
        },
        { timeoutMs, everyMs: 10 },
      ),
    ended: (timeoutMs = 10_000) =>
      eventually('the watch ends', () => (end === undefined ? false : { end }), { timeoutMs }).then((one) => one.end),
    stop: () => stopping.abort(),
  };
}

export const isEndOfInitialEvents = ({ type, object }: WatchEvent): boolean =>
  type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
