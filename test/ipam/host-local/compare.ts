// The comparison itself, for whichever host-local is there.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import fc from 'fast-check';
import { arbitraryCalls } from './arbitrary-calls.ts';
import { compared, type HostLocal, isBeyond, isRefusedDel } from './differences.ts';
import { type Call, holdfastIpam, hostLocal, play, type Stage } from './oracle.ts';

interface Comparison {
  readonly of: HostLocal;
  readonly binary: string;
  readonly versions: readonly string[];
  readonly rows: number;
}

/** Rows of calls get the same answers from both, and leave the same files behind. */
export const compareRows = (t: ExecutionContext, { of, binary, versions, rows }: Comparison): void => {
  onStage((stage) => {
    const resolvConfs = [join(stage.root, 'resolv.conf'), join(stage.root, 'none'), stage.root];
    writeFileSync(resolvConfs[0]!, 'nameserver 10.0.0.10\n# no\nsearch a<b c\noptions ndots:5\n');
    const theirs = hostLocal(binary);
    const arbitrary = arbitraryCalls({ data: stage.data, resolvConfs, versions });
    fc.assert(
      fc.property(arbitrary, (calls) => compareRow(t, of, stage, theirs, calls)),
      { numRuns: rows },
    );
  });
};

/** One row, e.g. one that was once answered otherwise. */
export const compareCalls = (
  t: ExecutionContext,
  { of, binary }: Pick<Comparison, 'of' | 'binary'>,
  callsIn: (data: string) => readonly Call[],
): void => onStage((stage) => compareRow(t, of, stage, hostLocal(binary), callsIn(stage.data)));

const compareRow = (
  t: ExecutionContext,
  of: HostLocal,
  stage: Stage,
  player: ReturnType<typeof hostLocal>,
  calls: readonly Call[],
): void => {
  if (calls.some((call) => isBeyond(of, call))) return;
  const theirs = play(stage, player, calls);
  const ours = play(stage, holdfastIpam, calls);
  for (const [index, call] of calls.entries()) {
    const [expected, actual] = compared(of, call, theirs.said[index]!, ours.said[index]!);
    t.deepEqual(actual, expected, `${JSON.stringify(call.environment)} ${call.stdin}`);
    if (isRefusedDel(call, theirs.said[index]!)) return;
  }
  t.deepEqual(withoutLock(ours.files), withoutLock(theirs.files), JSON.stringify(calls));
};

/** host-local makes it also for what only looks. */
const withoutLock = (files: Readonly<Record<string, string>>): unknown =>
  Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith('/lock')));

const onStage = (work: (stage: Stage) => void): void => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-host-local-'));
  try {
    work({ root, data: join(root, 'data') });
  } finally {
    rmSync(root, { recursive: true });
  }
};
