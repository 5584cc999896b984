/** Tells when it makes sense to ask the cloud at all. */
export interface LinkGate {
  readonly isOnline: boolean;
  /** Goes up each time the link is lost: whoever answers after that may be another cloud. */
  readonly losses?: number;
  /** Resolves at once when online. Rejects when the signal aborts. */
  whenOnline(signal: AbortSignal): Promise<void>;
}
