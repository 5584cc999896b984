// One network's directory under its lock: read, made sense of, swept once in each boot, planned on, changed, noted down.
import { join } from 'node:path';
import { afterSteps } from '../allocator/after-steps.ts';
import type { AuditNote, Plan, Refusal } from '../allocator/plan.ts';
import { type KeepFor, planRepair, planSweep } from '../allocator/plan-sweep.ts';
import { settle } from '../allocator/settle.ts';
import { CniError, cniErrorCode } from '../cni/cni-error.ts';
import { appendAudit } from './audit-log.ts';
import { diskError } from './disk-error.ts';
import type { Facts } from './facts.ts';
import type { Files } from './files.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { LockNetwork } from './network-lock.ts';
import type { NetworkState } from './network-state.ts';
import { DirectoryChanged, perform } from './perform.ts';
import { readNetwork } from './read-network.ts';

export interface DirectoryAccess {
  readonly files: Files;
  readonly lock: LockNetwork;
  readonly facts: () => Facts;
  /** A name that no other process uses now. */
  readonly unique: () => string;
  /** Of what went wrong beside the work: for standard error or a log. */
  readonly say: (line: string) => void;
}

export interface ChangeOptions {
  readonly dataDir: string;
  readonly network: string;
  readonly lockTimeoutMs: number;
  readonly keepFor: KeepFor;
  /**
   * `sweep` is for the plugin, which the runtime starts where network namespaces can be seen. The hub may be in a container
   * that does not see them, to which every one would look gone. `nothing` is for a disk that takes nothing more.
   */
  readonly before: 'sweep' | 'repair' | 'nothing';
}

/** How often others may be quicker, where there is no lock, before the caller is told to come back. */
const attempts = 32;

/**
 * @param planOn takes a settled and swept state; called again when somebody else was quicker
 * @throws CniError: of the refusal; code 11 when the lock cannot be had in time; what the disk said, as its cause
 */
export function changeNetwork<Result>(
  access: DirectoryAccess,
  options: ChangeOptions,
  planOn: (state: NetworkState, facts: Facts) => Plan<Result> | Refusal,
): Result {
  const layout = layoutOf(options.dataDir, options.network);
  try {
    access.files.makeDirectory(layout.held, 0o755);
    return access.lock(layout.lock, options.lockTimeoutMs, (isExclusive) => {
      for (let attempt = 0; attempt < attempts; attempt++) {
        try {
          return changeOnce(access, { ...options, layout, isExclusive }, planOn);
        } catch (error) {
          if (!(error instanceof DirectoryChanged)) throw error;
        }
      }
      throw new CniError(cniErrorCode.tryAgainLater, `others keep changing ${layout.held}`);
    });
  } catch (error) {
    throw diskError(error, layout.held);
  }
}

interface OneChange extends ChangeOptions {
  readonly layout: Layout;
  readonly isExclusive: boolean;
}

function changeOnce<Result>(
  access: DirectoryAccess,
  { layout, isExclusive, before, keepFor }: OneChange,
  planOn: (state: NetworkState, facts: Facts) => Plan<Result> | Refusal,
): Result {
  const facts = access.facts();
  const found = settle(readNetwork(access.files, layout), facts);
  if (isExclusive && before !== 'nothing')
    for (const name of found.leftovers) access.files.remove(join(layout.retain, name));
  const preparation = prepared(found, facts, { before, isExclusive, keepFor });
  change(access, { layout, isExclusive }, preparation, facts);
  const plan = planOn(settle(afterSteps(found, preparation.steps), facts), facts);
  change(access, { layout, isExclusive }, plan, facts);
  if (!('refusal' in plan)) return plan.result;
  const { code, message, details = '' } = plan.refusal;
  throw new CniError(code, message, { details });
}

function prepared(
  state: NetworkState,
  facts: Facts,
  { before, isExclusive, keepFor }: Pick<OneChange, 'before' | 'isExclusive' | 'keepFor'>,
): Pick<Plan<unknown>, 'steps' | 'notes'> {
  if (before === 'nothing') return { steps: [], notes: [] };
  if (before === 'repair') return planRepair(state, facts, isExclusive);
  return planSweep(state, facts, { isExclusive, keepFor });
}

function change(
  { files, unique, say }: DirectoryAccess,
  { layout, isExclusive }: Pick<OneChange, 'layout' | 'isExclusive'>,
  { steps, notes }: Pick<Plan<unknown>, 'steps' | 'notes'>,
  facts: Facts,
): void {
  perform(steps, { files, layout, unique: unique(), isExclusive });
  note({ files, say }, layout, notes, facts);
}

/** What is done is done, whether or not it can be told later. */
function note(
  { files, say }: Pick<DirectoryAccess, 'files' | 'say'>,
  layout: Layout,
  notes: readonly AuditNote[],
  facts: Facts,
): void {
  try {
    appendAudit(files, layout, notes, facts);
  } catch (error) {
    say(`cannot note in ${layout.audit}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
