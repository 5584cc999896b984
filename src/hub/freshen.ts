// Makes a scope at least as new as this request, with the caller's own credential: that the cloud gives it to the caller
// is the proof of the caller's right, and of its token.
import type { Clock } from '../apimachinery/clock.ts';
import { MalformedListError } from '../apimachinery/list-splitter.ts';
import { MalformedObjectError } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { isRefusedBehind } from '../cache/apiserver-answer.ts';
import { CloudBehindError, UpstreamProtocolError, UpstreamStatusError } from '../cache/errors.ts';
import type { FollowedScope } from '../cache/followed-scope.ts';
import type { Scope } from '../cache/scope.ts';
import type { Exchange } from './exchange.ts';
import { noteRefusal } from './note-answer.ts';
import type { Services } from './services.ts';

/**
 * The scope, complete; undefined when the cloud's answer cannot be kept here, so that the client had better see it itself.
 * @throws UpstreamStatusError with the cloud's refusal; UpstreamUnreachableError
 */
export async function freshen(
  { cache, identities }: Pick<Services, 'cache' | 'identities'>,
  exchange: Exchange,
  scope: Scope,
): Promise<FollowedScope | undefined> {
  const { credential, bearer } = exchange.caller;
  // Only readers with the very same credential share a sync: that of another token proves nothing about this one.
  const identity = bearer?.unverified ?? exchange.caller.identity;
  const followed = cache.open(scope, identity, credential);
  try {
    await abortable(followed.freshen(identity, credential), exchange.signal);
  } catch (error) {
    if (error instanceof UpstreamStatusError) {
      if (!isRefusedBehind(error)) identities.heard(exchange, 'GET', error.statusCode);
      noteRefusal({ cache, identities }, exchange, scope, error);
    }
    if (!followed.isComplete && !followed.isSyncing) cache.scopes.close(followed, 'its first sync failed');
    if (cannotBeKept(error)) {
      cache.cannotKeep(scope.gvr);
      return undefined;
    }
    throw error;
  }
  identities.proved(exchange);
  const proven = identities.claimed(exchange);
  cache.rights.see(proven, scope);
  followed.lend(proven, credential);
  return followed.isComplete ? followed : undefined;
}

/** The cloud's versions pass those that were given out here soon, or clients are led back behind them: until then so often. */
const lookEveryMs = 250;
const patienceMs = 7_000;

/**
 * As `freshen`, and waits while the cloud is behind what was given out here: a client that is refused lists again and again.
 * @throws CloudBehindError when that takes too long
 */
export async function freshenInStep(
  services: Pick<Services, 'cache' | 'identities' | 'clock'>,
  exchange: Exchange,
  scope: Scope,
): Promise<FollowedScope | undefined> {
  const { cache, clock } = services;
  const until = clock.now() + patienceMs;
  for (;;) {
    try {
      return await freshen(services, exchange, scope);
    } catch (error) {
      if (!(error instanceof CloudBehindError) || clock.now() >= until) throw error;
    }
    // Only one asks the cloud meanwhile: the scope itself.
    const isBehind = (): boolean => {
      const followed = cache.scopes.answering(scope);
      return followed !== undefined && compareResourceVersion(followed.cloudVersion, followed.resourceVersion) < 0;
    };
    while (isBehind() && clock.now() < until) await abortable(pause(clock), exchange.signal);
  }
}

function pause(clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.setTimeout(resolve, lookEveryMs));
}

function cannotBeKept(error: unknown): boolean {
  return (
    error instanceof MalformedListError ||
    error instanceof MalformedObjectError ||
    error instanceof UpstreamProtocolError
  );
}

/** The sync goes on for others when one client leaves. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
