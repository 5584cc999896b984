// Why a write was not taken into the outbox. Nothing of it was kept.

/** The bounds are reached, and nothing that may give way is left. */
export class OutboxFullError extends Error {
  readonly code = 'HOLDFAST_OUTBOX_FULL';

  constructor(entries: number, bytes: number) {
    super(`the outbox is full (${entries} writes, ${bytes} bytes wait for the cloud)`);
    this.name = 'OutboxFullError';
  }
}

/** Where an operator asks for an entry that is not there. */
export class NoSuchEntryError extends Error {
  readonly code = 'HOLDFAST_NO_SUCH_ENTRY';

  constructor(sequence: number) {
    super(`no write ${sequence} is waiting or parked here`);
    this.name = 'NoSuchEntryError';
  }
}
