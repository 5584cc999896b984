// A disk in memory that can fail although the bytes have left, and knows what it was told to sync.
import { StorageReadOnlyError } from '../../storage/errors.ts';
import type { Change, WriteOptions } from '../../storage/records.ts';
import { MemoryRecords } from './memory-records.ts';

export class FailingRecords extends MemoryRecords {
  mode: 'ok' | 'refuse' | 'refuse-late' = 'ok';
  readonly synced: boolean[] = [];

  override async write(changes: readonly Change[], options: WriteOptions = {}): Promise<void> {
    if (this.mode === 'refuse') throw new StorageReadOnlyError('full');
    this.synced.push(options.sync === true);
    await super.write(changes, options);
    if (this.mode === 'refuse-late') throw new StorageReadOnlyError('full');
  }

  override afterCrash(): FailingRecords {
    const next = new FailingRecords();
    for (const space of ['outbox', 'meta']) {
      for (const key of this.keys(space)) next.copy(space, key, this);
    }
    return next;
  }

  copy(space: string, key: string, from: MemoryRecords): void {
    void from.read(space, key).then((value) => this.set(space, key, value!.toString()));
  }
}
