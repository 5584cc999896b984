// The link to the cloud, as log lines: one per change, and an advice once for as long as the link is down.
import type { LinkChange, LinkState } from './connectivity.ts';
import { linkAdvice } from './link-advice.ts';
import type { Logger } from './logger.ts';
import type { ServerLink } from './server-link.ts';

const messages: Readonly<Record<LinkState, string>> = {
  starting: 'the cloud has not been asked yet',
  online: 'the cloud answers',
  suspect: 'the cloud may have gone: a probe will tell',
  offline: 'the cloud does not answer',
};

export class LinkLog {
  readonly #log: Pick<Logger, 'info' | 'warn'>;
  /** What was last said to be done about a link that is down. */
  #advised: string | undefined;

  constructor(log: Pick<Logger, 'info' | 'warn'>) {
    this.#log = log;
  }

  changed({ from, to, reason }: LinkChange): void {
    this.#log.info({ event: 'connectivity.changed', from, to, because: reason }, messages[to]);
  }

  /** One of several. */
  serverChanged(from: LinkState, { name, state, reason }: ServerLink): void {
    const fields = { event: 'server.changed', server: name, from, to: state, because: reason };
    this.#log.info(fields, 'one of the servers changed');
  }

  /** Each advice once for as long as the link is down, also when it turns up only later. */
  advise(state: LinkState, reason: string, failures: ReadonlySet<string>): void {
    if (state === 'online') this.#advised = undefined;
    const advice = state === 'offline' ? linkAdvice(failures) : undefined;
    if (advice === undefined || advice === this.#advised) return;
    this.#advised = advice;
    this.#log.warn({ event: 'connectivity.advice', because: reason }, advice);
  }
}
