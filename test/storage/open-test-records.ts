// Records for a test, with everything they reported.
import type { ExecutionContext } from 'ava';
import {
  type Damage,
  openRecords,
  type Records,
  type RecordsOptions,
  type StorageHealth,
} from '../../storage/records.ts';
import { ManualClock } from '../support/manual-clock.ts';

export interface TestRecords {
  readonly records: Records;
  readonly clock: ManualClock;
  readonly damages: Damage[];
  readonly healths: StorageHealth[];
}

export async function openTestRecords(
  t: ExecutionContext,
  options: Partial<RecordsOptions> & { readonly directory: string },
): Promise<TestRecords> {
  const clock = new ManualClock();
  const damages: Damage[] = [];
  const healths: StorageHealth[] = [];
  const records = await openRecords({
    key: undefined,
    clock,
    onDamage: (damage) => damages.push(damage),
    onHealth: (health) => healths.push(health),
    ...options,
  });
  t.teardown(() => records.close());
  return { records, clock, damages, healths };
}

export async function loadAll(
  records: Records,
  space: Parameters<Records['load']>[0],
  prefix?: string,
): Promise<string[]> {
  const loaded: string[] = [];
  for await (const page of records.load(space, prefix))
    for (const { key, value } of page) loaded.push(`${key}=${value}`);
  return loaded;
}
