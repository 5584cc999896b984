// What hears of the changes of a followed scope.

/** A client's stream. It is told that there is something to read; it reads at its own pace. */
export interface Listener {
  changed(): void;
  /** The snapshot was thrown away: what the client knows has no continuation. */
  expired(reason: string): void;
}
