// When a node notices that the cloud is back: the product's own state machine of the link, lived through from before the cut.
import { type Connectivity, nextTickAt, startConnectivity, step } from '../../../src/hub/connectivity.ts';
import type { Random } from '../random.ts';

export interface Cut {
  readonly lastedMs: number;
  /** `refused`: each probe fails at once. `silent`: each takes its whole time. */
  readonly kind: 'refused' | 'silent';
}

/** Milliseconds after the cloud came back. */
export function noticedAfterMs({ lastedMs, kind }: Cut, rttMs: number, random: Random): number {
  const server = 'cloud';
  const draw = (): number => random.next();
  let now: Connectivity = startConnectivity([server], 0);
  let probeEndsAt = Number.POSITIVE_INFINITY;
  const tick = (at: number): void => {
    const { next, actions } = step(now, { type: 'tick', at }, draw);
    now = next;
    if (actions.some(({ type }) => type === 'probe')) probeEndsAt = at + rttMs;
  };
  tick(0);
  now = step(now, { type: 'probe-answered', server, at: rttMs, isReady: true }, draw).next;
  // Something is asked, or renewed, every ten seconds.
  const noticed = 100 + random.next() * 10_000;
  now = step(now, { type: 'request-broke', server, at: noticed, because: 'reset' }, draw).next;
  const healedAt = 100 + lastedMs;
  probeEndsAt = noticed + rttMs;
  for (;;) {
    const due = nextTickAt(now);
    const at = Math.min(due, probeEndsAt);
    const isAnswered = at === probeEndsAt;
    if (!isAnswered) tick(at);
    else {
      probeEndsAt = Number.POSITIVE_INFINITY;
      const isBack = at - rttMs >= healedAt;
      if (!isBack && kind === 'silent') continue;
      const event = isBack
        ? ({ type: 'probe-answered', server, at, isReady: true } as const)
        : ({ type: 'probe-failed', server, at, because: 'refused' } as const);
      now = step(now, event, draw).next;
    }
    if (now.state === 'online' && at > healedAt) return at - healedAt;
  }
}
