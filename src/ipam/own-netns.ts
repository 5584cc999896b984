// Whether a path is the network namespace that this process is in.
import { statSync } from 'node:fs';

const ownPath = '/proc/self/ns/net';

/** False for a path that leads nowhere: a namespace that is gone is nobody's. */
export const isOwnNetns = (path: string): boolean => {
  if (path === '') return false;
  const there = identityOf(path);
  return there !== undefined && there === identityOf(ownPath);
};

const identityOf = (path: string): string | undefined => {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // whoever has to enter it will say what is wrong with it
  }
};
