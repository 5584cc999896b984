// What the admin port shows of owed writes, where a test is about something else: nothing is owed.
import { NoSuchEntryError } from '../../src/cache/outbox/errors.ts';
import type { OutboxParts } from '../../src/hub/admin/outbox-routes.ts';

const none = (sequence: number): never => {
  throw new NoSuchEntryError(sequence);
};

export const nothingOwed: OutboxParts = {
  writes: {
    outbox: { entries: [], get: () => undefined, take: none },
    triedOf: () => undefined,
    decisions: { retry: async (sequence) => none(sequence), drop: async (sequence) => none(sequence) },
  },
  token: { path: '/nowhere/admin-token', check: () => {} },
  directory: '/nowhere',
  wallClock: Date.now,
  sleep: async () => {},
  log: { info: () => {}, warn: () => {} },
};
