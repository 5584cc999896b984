// Where a reflector brings what it learns.
import type { Credential } from './credential.ts';
import type { UpstreamStatusError } from './errors.ts';
import type { FullSync, UpstreamChange } from './scope-feed.ts';

export interface ReplaceOptions {
  /** Those who watch list anew, and may be given lower versions than they had. Default false. */
  readonly mayLeadBack?: boolean;
}

export interface FeedSink {
  readonly isComplete: boolean;
  readonly resourceVersion: string;
  /** Lower than `resourceVersion` while writes that were accepted here are shown. */
  readonly cloudVersion: string;
  /** Such writes were shown since the last full sync: only another one leads on. */
  readonly mustRelist: boolean;
  /** Aborts when what is known is thrown away, or at the end: what was begun before is not handed over any more. */
  readonly era: AbortSignal;
  /** A full sync, shared with the readers that wait for one. */
  requestSync(): Promise<void>;
  /**
   * Takes a full sync over; does nothing when the scope is already past it.
   * @throws CloudBehindError when clients know a higher version, from a write that was accepted here, unless they may be led back
   */
  replace(sync: FullSync, era: AbortSignal, how?: ReplaceOptions): Promise<void>;
  apply(events: readonly UpstreamChange[], era: AbortSignal): Promise<void>;
  /** The stream with the cloud stands, opened with this credential; or has ended. */
  following(credential: Credential | undefined): void;
  /** The cloud refused this credential (401, 403). */
  refused(credential: Credential, error: UpstreamStatusError): void;
  /** The cloud does not know this resource any more (404), or does not let it be watched (405). */
  vanished(error: UpstreamStatusError): void;
  /** Throws away what is known: the cloud's versions went back, although it passes for the same cluster. */
  expire(reason: string): void;
  failed(error: unknown): void;
}
