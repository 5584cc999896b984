// A terminal that remembers what was said, for tests of commands.
import type { Terminal } from '../../src/cli/command.ts';

export interface RecordedTerminal extends Terminal {
  readonly printed: string[];
  readonly complained: string[];
}

export function recordTerminal(changes: Partial<Terminal> = {}): RecordedTerminal {
  const printed: string[] = [];
  const complained: string[] = [];
  return {
    environment: {},
    surroundings: { directory: '/nowhere', homeDirectory: '/home/edge', hostName: 'edge-7', isRoot: false },
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
    now: () => new Date('2026-11-21T10:00:00.000Z'),
    ...changes,
    printed,
    complained,
  };
}
