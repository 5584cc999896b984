// Why a write was not taken into the outbox, of which nothing was kept then, and why an operator's word about one counts
// for nothing.

/** The bounds are reached, and nothing that may give way is left. */
export class OutboxFullError extends Error {
  readonly code = 'HOLDFAST_OUTBOX_FULL';

  constructor(entries: number, bytes: number) {
    super(`the outbox is full (${entries} writes, ${bytes} bytes wait for the cloud); --outbox-size sets how much may`);
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

/** Where an operator decides about an entry that is not parked: it is still on its way. */
export class NotParkedError extends Error {
  readonly code = 'HOLDFAST_NOT_PARKED';

  constructor(sequence: number) {
    super(`write ${sequence} is not parked: it waits for the cloud, and goes there by itself`);
    this.name = 'NotParkedError';
  }
}

/** Where an operator has a write tried once more that was meant for another cluster, or taken in by another node. */
export class ForeignWriteError extends Error {
  readonly code = 'HOLDFAST_FOREIGN_WRITE';

  constructor(sequence: number) {
    super(
      `write ${sequence} was meant for the cluster before this one, or is another node's; retry --mine brings it to this cluster, as this node, all the same`,
    );
    this.name = 'ForeignWriteError';
  }
}
