// A document of somebody else's, looked into member by member: whatever may stand there.

export type JsonMembers = Readonly<Record<string, unknown>>;

/** Undefined for what has no members by name. */
export const asObject = (value: unknown): JsonMembers | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonMembers) : undefined;
