// Keeps one scope current: a full sync, then a WATCH that is resumed by resourceVersion after every cut; a full sync
// again only when the cloud says 410 Expired. Everything it learns goes through `FeedSink`, which has it on its way to
// disk before anyone sees it. One reflector per scope serves all local clients.

import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { isApiserverAnswer } from './apiserver-answer.ts';
import type { ClusterCheck } from './cluster-check.ts';
import type { Credential } from './credential.ts';
import {
  CloudBehindError,
  HistoryExpiredError,
  NoCredentialError,
  OwnWritesAheadError,
  UpstreamProtocolError,
  UpstreamStatusError,
  VersionRegressedError,
} from './errors.ts';
import type { FeedSink } from './feed-sink.ts';
import { syncByList, syncByWatchList } from './full-sync.ts';
import type { LinkGate } from './link-gate.ts';
import { retryPauseMs } from './retry-pause.ts';
import type { Scope } from './scope.ts';
import type { FullSync } from './scope-feed.ts';
import type { Timing } from './timing.ts';
import type { Transport } from './transport.ts';
import { gather } from './watch/gather.ts';
import { isBookmarkBelow, readFrames } from './watch/read-frames.ts';
import { openWatch } from './watch/watch-stream.ts';

/** `list`: pages with gzip. `watchlist`: one stream, uncompressed. `auto`: watchlist for a single object, else list. */
export type InitialSync = 'auto' | 'list' | 'watchlist';

export interface ReflectorDependencies {
  readonly transport: Transport;
  readonly cluster: ClusterCheck;
  readonly link: LinkGate;
  readonly timing: Timing;
  readonly initialSync: InitialSync;
  /** Changes closer together than this share a batch and a write to each client; 0 = none do. */
  readonly gatherMs: number;
}

export class Reflector {
  readonly #scope: Scope;
  readonly #sink: FeedSink;
  readonly #deps: ReflectorDependencies;
  /** The credential to follow with now; undefined while nobody has left one. */
  readonly #credential: () => Credential | undefined;
  #hasWatchList = true;
  #lent = new AbortController();
  #relist = new AbortController();
  #failures = 0;
  /** Since when the cloud's versions have been below those given out here. */
  #behindSince: number | undefined;
  /** Since when the cloud has said that there is no such resource, or that it cannot be watched. */
  #goneSince: number | undefined;

  constructor(scope: Scope, sink: FeedSink, credential: () => Credential | undefined, deps: ReflectorDependencies) {
    this.#scope = scope;
    this.#sink = sink;
    this.#credential = credential;
    this.#deps = deps;
  }

  /** There is a credential to follow with: one that pauses for want of it goes on at once. */
  credentialLent(): void {
    this.#lent.abort();
  }

  /** What is shown is to be read anew, although the stream stands. */
  relist(): void {
    this.#relist.abort(new OwnWritesAheadError(this.#sink.resourceVersion));
  }

  /** Runs until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    let mustSync = false;
    while (!signal.aborted) {
      /** With what the cloud was asked about this scope; a refusal of anything else says nothing about it. */
      let asked: Credential | undefined;
      try {
        await this.#deps.link.whenOnline(signal);
        await this.#deps.cluster.verify(signal);
        this.#lent = new AbortController();
        asked = this.#credential();
        if (asked === undefined) throw new NoCredentialError(this.#scope.id);
        if (mustSync || this.#sink.mustRelist || !this.#sink.isComplete) await this.#sink.requestSync();
        mustSync = false;
        await this.#follow(asked, signal);
      } catch (error) {
        if (signal.aborted) return;
        mustSync ||= error instanceof HistoryExpiredError || error instanceof VersionRegressedError;
        await this.#recover(error, asked, signal);
      }
    }
  }

  /**
   * Reads the whole scope with this credential and hands it over. What is known afterwards is at least as new as this
   * call, whoever's stream brought it.
   * @throws VersionRegressedError, and what was known is forgotten
   */
  async sync(credential: Credential, signal: AbortSignal): Promise<void> {
    const { cluster, transport } = this.#deps;
    const sink = this.#sink;
    await cluster.verify(signal);
    const { era, resourceVersion: known, cloudVersion } = sink;
    const sync = await this.#read({ transport, scope: this.#scope, credential, signal: era });
    if (compareResourceVersion(sync.resourceVersion, cloudVersion) >= 0) {
      await this.#takeOver(sync, era);
      return;
    }
    // A list of the most recent state is never below what was known before it was asked for.
    const error = new VersionRegressedError(known, sync.resourceVersion);
    cluster.doubt();
    await cluster.verify(signal);
    if (!era.aborted) sink.expire(error.message);
    throw error;
  }

  /** Versions given out here while the cloud was away are passed by its own soon; clients are not led back before that. */
  async #takeOver(sync: FullSync, era: AbortSignal): Promise<void> {
    const { timing } = this.#deps;
    try {
      await this.#sink.replace(sync, era);
    } catch (error) {
      if (!(error instanceof CloudBehindError)) throw error;
      this.#behindSince ??= timing.now();
      if (timing.now() - this.#behindSince < awaitCloudMs) throw error;
      await this.#sink.replace(sync, era, { mayLeadBack: true });
    }
    this.#behindSince = undefined;
  }

  async #read(request: Parameters<typeof syncByList>[0]): Promise<FullSync> {
    const { initialSync } = this.#deps;
    const isSmall = this.#scope.fields.exactName !== undefined;
    const wantsWatchList = initialSync === 'watchlist' || (initialSync === 'auto' && isSmall);
    if (!wantsWatchList || !this.#hasWatchList) return await syncByList(request);
    try {
      return await syncByWatchList(request);
    } catch (error) {
      if (!(error instanceof UpstreamStatusError) || error.statusCode !== 422) throw error;
      this.#hasWatchList = false;
      return await syncByList(request);
    }
  }

  async #follow(credential: Credential, signal: AbortSignal): Promise<void> {
    const { transport, timing, cluster, gatherMs } = this.#deps;
    const { era, cloudVersion: resourceVersion } = this.#sink;
    const timeoutSeconds = 300 + Math.floor(timing.random() * 300);
    const parameters = {
      allowWatchBookmarks: 'true',
      resourceVersion,
      timeoutSeconds: String(timeoutSeconds),
      watch: 'true',
    };
    const openedAt = timing.now();
    this.#relist = new AbortController();
    const ending = AbortSignal.any([era, this.#relist.signal]);
    const stream = await openWatch({ transport, scope: this.#scope, credential, signal: ending, parameters });
    this.#sink.following(credential);
    let heard = false;
    try {
      for await (const frames of gather(stream, { everyMs: gatherMs, enough: enoughFrames, timing })) {
        heard = true;
        this.#failures = 0;
        this.#goneSince = undefined;
        const events = readFrames(this.#scope.gvr, frames, resourceVersion);
        if (events.some((event) => isBookmarkBelow(event, resourceVersion))) {
          cluster.doubt();
          await cluster.verify(signal);
        }
        await this.#sink.apply(events, era);
      }
    } finally {
      this.#sink.following(undefined);
    }
    const lastedMs = timing.now() - openedAt;
    if (lastedMs < timeoutSeconds * 1000 - 5000) cluster.doubt();
    if (!heard && lastedMs < 1000) throw new UpstreamProtocolError('the watch ended at once without an event');
  }

  async #recover(error: unknown, asked: Credential | undefined, signal: AbortSignal): Promise<void> {
    const { cluster, timing } = this.#deps;
    if (error instanceof OwnWritesAheadError || error instanceof CloudBehindError) {
      await timing.sleep(nextLookMs, signal).catch(ignoreAbort(signal));
      return;
    }
    if (!(error instanceof NoCredentialError)) cluster.doubt();
    const now = timing.now();
    const isRefusal = error instanceof UpstreamStatusError && isApiserverAnswer(error.headers) && asked !== undefined;
    if (isRefusal && isGone(error.statusCode)) {
      this.#goneSince ??= now;
      const isForGood = error.statusCode === 405 || now - this.#goneSince > believeGoneAfterMs;
      if (isForGood) this.#sink.vanished(error);
    }
    if (isRefusal && (error.statusCode === 401 || error.statusCode === 403)) this.#sink.refused(asked, error);
    if (!(error instanceof HistoryExpiredError)) this.#sink.failed(error);
    this.#failures++;
    const pauseMs = retryPauseMs(error, this.#failures, timing.random());
    const ending = error instanceof NoCredentialError ? AbortSignal.any([signal, this.#lent.signal]) : signal;
    await timing.sleep(pauseMs, ending).catch(ignoreAbort(ending));
  }
}

const enoughFrames = 200;
/**
 * Its counter goes up by more than one a second in any cluster that lives. In one that does not, clients list again after
 * this time: until then they hear nothing of what has changed there.
 */
const awaitCloudMs = 5_000;
const nextLookMs = 500;

/** A resource that is being installed, or served by an apiserver that starts, is 404 for a while; 405 stays. */
const believeGoneAfterMs = 120_000;

function isGone(statusCode: number): boolean {
  return statusCode === 404 || statusCode === 405;
}

function ignoreAbort(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}
