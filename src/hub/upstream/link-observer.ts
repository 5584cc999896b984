// What exchanges with the cloud tell about the link. Told once per outcome; whoever listens decides what it means.
import { CredentialRefusedError, ExchangeEndedError, GatewayAnsweredError, type UpstreamPhase } from './errors.ts';
import type { Server } from './servers.ts';

export interface LinkObserver {
  /** A response head came, so many milliseconds after its request was begun. */
  responded(server: Server, latencyMs: number): void;
  /** No connection could be made, or something other than the apiserver answered in its place. */
  refused(server: Server, error: unknown): void;
  /** A connection was there and broke before the response head. */
  broke(server: Server, error: unknown): void;
  /** A request still waits for its response head; told again as long as it does. */
  silent(server: Server, waitedMs: number): void;
}

export const unobserved: LinkObserver = { responded() {}, refused() {}, broke() {}, silent() {} };

/** Tells of an exchange without a response head. What we ended ourselves says nothing about the link. */
export function tellFailure(observer: LinkObserver, server: Server, phase: UpstreamPhase, error: unknown): void {
  if (error instanceof ExchangeEndedError) return;
  if (phase === 'connect' || error instanceof GatewayAnsweredError || error instanceof CredentialRefusedError)
    observer.refused(server, error);
  else observer.broke(server, error);
}
