// Reads which files of a LevelDB directory count: CURRENT names the manifest, whose edits add and remove tables.
// Source: leveldb db/version_edit.cc.
import { LevelBytes } from './level-bytes.ts';
import { readLog } from './level-log.ts';

export interface LevelManifest {
  /** Numbers of the tables that make up the database. */
  readonly tables: ReadonlySet<number>;
  /** Write-ahead logs with a lower number are in tables already. */
  readonly logNumber: number;
}

/** undefined when it is damaged: then LevelDB refuses to open, too. */
export function parseManifest(bytes: Buffer): LevelManifest | undefined {
  const tables = new Set<number>();
  let logNumber: number | undefined;
  for (const entry of readLog(bytes)) {
    if ('fault' in entry) return undefined;
    try {
      logNumber = applyEdit(new LevelBytes(entry.data), tables) ?? logNumber;
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
  return logNumber === undefined ? undefined : { tables, logNumber };
}

/** Returns the log number if the edit has one. Throws RangeError for an edit that is cut or has an unknown tag. */
function applyEdit(edit: LevelBytes, tables: Set<number>): number | undefined {
  let logNumber: number | undefined;
  while (edit.hasMore) {
    const tag = edit.varint();
    switch (tag) {
      case 1: // name of the comparator
        edit.string();
        break;
      case 2:
        logNumber = edit.varint();
        break;
      case 3: // next file number
      case 4: // last sequence
      case 9: // previous log number
        edit.varint();
        break;
      case 5: // level and key where the next compaction begins
        edit.varint();
        edit.string();
        break;
      case 6: // level and number of a table no longer needed
        edit.varint();
        tables.delete(edit.varint());
        break;
      case 7: // level, number, size, smallest and largest key of a new table
        edit.varint();
        tables.add(edit.varint());
        edit.varint();
        edit.string();
        edit.string();
        break;
      default:
        throw new RangeError(`tag ${tag}`);
    }
  }
  return logNumber;
}
