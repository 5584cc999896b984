// Refusals in words and shapes that only a kube-apiserver itself uses, not a hub: errors it has no reason for, and plain text.

import { type Status, StatusError } from '../apimachinery/status.ts';

/** 500 with a message and no reason: what the apiserver makes of an error it did not foresee. */
export function unforeseen(message: string): StatusError {
  const status: Omit<Status, 'reason'> = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    code: 500,
  };
  return new StatusError(status as Status);
}

/** Nothing is served there: not even a Status, but the words of net/http. */
export class PageNotFoundError extends Error {
  readonly code = 'UNSERVED';

  constructor() {
    super('404 page not found');
    this.name = 'PageNotFoundError';
  }
}
