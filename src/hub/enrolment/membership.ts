// What a daemon does to stay a node of its cluster, on a machine that has joined: it renews the certificate and follows the
// cluster's CA. Where the credential is given by settings whoever gives it does that.
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { Cloud } from '../../cache/outbox/cloud.ts';
import type { Logger } from '../logger.ts';
import type { HubConfig } from '../options.ts';
import type { UpstreamConfig } from '../upstream-config.ts';
import { cloudPlaces } from './cloud-directory.ts';
import { followAuthority } from './follow-authority.ts';
import { openRenewal, type RenewalLink } from './open-renewal.ts';

export interface Membership {
  /** What somebody should know now, in whole sentences. */
  readonly warnings: readonly string[];
  start(): void;
  /** The link is in another state. */
  linkChanged(): void;
  close(): void;
}

export interface MembershipDependencies {
  /** As last read from its files. */
  readonly cluster: () => UpstreamConfig;
  readonly cloud: Cloud;
  readonly link: RenewalLink;
  readonly clock: Clock;
  /** Milliseconds since the epoch by the cluster's clock, as far as it is known. */
  readonly wallClock: () => number;
  readonly random: () => number;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly onRenewal: (result: 'renewed' | 'failed') => void;
}

const followEveryMs = 3_600_000;

/** @throws PkiError when DIR/cloud cannot be read */
export async function openMembership(
  { kubeconfig, dataDir, nodeName }: Pick<HubConfig, 'kubeconfig' | 'dataDir' | 'nodeName'>,
  { link, onRenewal, ...parts }: MembershipDependencies,
): Promise<Membership> {
  if (kubeconfig !== cloudPlaces(dataDir).kubeconfig) return none;
  const { clock, log } = parts;
  const renewal = await openRenewal({ ...parts, dataDir, nodeName, link: () => link, onAttempt: onRenewal });
  const ending = new AbortController();
  let isFollowing = false;
  let next: Timer | undefined;
  const follow = (): void => {
    next?.cancel();
    if (ending.signal.aborted) return;
    next = clock.setTimeout(follow, followEveryMs);
    if (link.state !== 'online' || isFollowing) return;
    isFollowing = true;
    followAuthority({ ...parts, dataDir, signal: ending.signal })
      .catch((error: unknown) => {
        if (!ending.signal.aborted)
          log.warn({ event: 'authority.unread', error }, "the cluster's CA could not be looked at");
      })
      .finally(() => {
        isFollowing = false;
      });
  };
  return {
    get warnings() {
      return renewal.warnings;
    },
    start: () => renewal.start(),
    linkChanged() {
      renewal.hurry();
      if (link.state === 'online') follow();
    },
    close() {
      renewal.close();
      ending.abort(new Error('the hub is closing'));
      next?.cancel();
    },
  };
}

const none: Membership = { warnings: [], start() {}, linkChanged() {}, close() {} };
