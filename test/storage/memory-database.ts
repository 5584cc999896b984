// The database in memory, for tests; it must pass the same suite as the one on disk.
import { MemoryLevel } from 'memory-level';
import { type BufferLevel, type Database, readPages, writeBatch } from '../../storage/database.ts';

export async function openMemoryDatabase(): Promise<Database> {
  const level = new MemoryLevel<Buffer, Buffer>({
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    storeEncoding: 'buffer',
  });
  await level.open();
  const buffers = level as unknown as BufferLevel;
  return {
    get: (key) => buffers.get(key),
    batch: (operations, { sync }) => writeBatch(buffers, operations, sync),
    pages: (range, pageEntries) => readPages(buffers, range, pageEntries),
    sync: async () => undefined,
    approximateSize: async (range) => {
      let size = 0;
      for await (const page of readPages(buffers, range, 100)) for (const [k, v] of page) size += k.length + v.length;
      return size;
    },
    close: () => level.close(),
  };
}
