// A disk in memory that the process can be killed on, and that can lose power: then whatever was not synced may be lost,
// each change of a name for itself and in any order, and what was written to a file and not synced comes back empty.
import type { Files, Listing } from '../../src/ipam/directory/files.ts';

type Name = { readonly path: string; readonly inode: number | undefined };

type Operation =
  | { readonly do: 'names'; readonly directory: string; readonly changes: readonly Name[] }
  | { readonly do: 'data'; readonly inode: number; readonly content: Buffer }
  | { readonly do: 'sync-data'; readonly inode: number }
  | { readonly do: 'sync-names'; readonly directory: string };

export class Killed extends Error {
  override readonly name = 'Killed';
}

const directoryOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

const refusal = (code: string, path: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`${code}: ${path}`), { code });

export class MemoryDisk implements Files {
  readonly #names = new Map<string, number>();
  readonly #contents = new Map<number, Buffer>();
  readonly #directories = new Set<string>();
  #inodes = 0;
  #log: Operation[] = [];
  /** How many operations are done before the process is killed. */
  #life = Number.POSITIVE_INFINITY;
  /** The operation, counted from the next one, that fails with this code instead. */
  #failure: { after: number; code: string } | undefined;

  /** No file can be made any more, and none can grow. */
  isFull = false;

  /** What a file says, for a test to look at. */
  text(path: string): string | undefined {
    return this.read(path);
  }

  /** Puts a file there as if it had been there for long. */
  put(path: string, content: string): void {
    this.makeDirectory(directoryOf(path));
    this.#names.set(path, ++this.#inodes);
    this.#contents.set(this.#inodes, Buffer.from(content));
  }

  paths(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    for (const directory of this.#directories) copy.#directories.add(directory);
    for (const [path, inode] of this.#names) copy.#names.set(path, inode);
    for (const [inode, content] of this.#contents) copy.#contents.set(inode, content);
    copy.#inodes = this.#inodes;
    return copy;
  }

  killAfter(operations: number): void {
    this.#life = operations;
  }

  /** After a kill the next process finds what was done. */
  revive(): void {
    this.#life = Number.POSITIVE_INFINITY;
    this.#failure = undefined;
  }

  failAfter(operations: number, code: string): void {
    this.#failure = { after: operations, code };
  }

  /** All that was done so far is durable. @returns how many operations were logged since the last time */
  settle(): number {
    const count = this.#log.length;
    this.#log = [];
    return count;
  }

  /**
   * The disk after a loss of power, as it was when `settle` was last called plus what has lasted of the operations since.
   * @param before a copy from that time
   * @param isKept whether a change that nobody synced has reached the disk all the same
   */
  afterPowerLoss(before: MemoryDisk, isKept: () => boolean): MemoryDisk {
    const disk = before.copy();
    for (const directory of this.#directories) disk.#directories.add(directory);
    disk.#inodes = this.#inodes;
    this.#log.forEach((operation, at) => {
      const later = this.#log.slice(at);
      if (operation.do === 'names') {
        const { directory } = operation;
        const isSynced = later.some((one) => one.do === 'sync-names' && one.directory === directory);
        if (!isSynced && !isKept()) return;
        for (const { path, inode } of operation.changes) {
          if (inode === undefined) disk.#names.delete(path);
          else disk.#names.set(path, inode);
        }
      } else if (operation.do === 'data') {
        const isSynced = later.some((one) => one.do === 'sync-data' && one.inode === operation.inode);
        disk.#contents.set(operation.inode, isSynced || isKept() ? operation.content : Buffer.alloc(0));
      }
    });
    for (const inode of disk.#names.values()) {
      if (!disk.#contents.has(inode)) disk.#contents.set(inode, Buffer.alloc(0));
    }
    return disk;
  }

  list(directory: string): Listing {
    const within = (paths: Iterable<string>) =>
      [...paths].filter((path) => directoryOf(path) === directory).map(nameOf);
    return { files: within(this.#names.keys()), directories: within(this.#directories) };
  }

  read(path: string): string | undefined {
    return this.#bytes(path)?.toString('utf8');
  }

  size(path: string): number | undefined {
    return this.#bytes(path)?.length;
  }

  version(path: string): string | undefined {
    const bytes = this.#bytes(path);
    return bytes && `${this.#inodeOf(path)} ${bytes.length}`;
  }

  create(path: string, content: string): void {
    if (this.#names.has(path)) throw refusal('EEXIST', path);
    if (this.isFull) throw refusal('ENOSPC', path);
    const inode = ++this.#inodes;
    this.#do({ do: 'names', directory: directoryOf(path), changes: [{ path, inode }] });
    try {
      this.#do({ do: 'data', inode, content: Buffer.from(content) });
      this.#do({ do: 'sync-data', inode });
    } catch (error) {
      if (!(error instanceof Killed)) this.remove(path);
      throw error;
    }
  }

  link(existing: string, name: string): boolean {
    if (this.#names.has(name)) return false;
    this.#do({ do: 'names', directory: directoryOf(name), changes: [{ path: name, inode: this.#inodeOf(existing) }] });
    return true;
  }

  rename(from: string, to: string): void {
    const changes = [
      { path: to, inode: this.#inodeOf(from) },
      { path: from, inode: undefined },
    ];
    this.#do({ do: 'names', directory: directoryOf(to), changes });
  }

  remove(path: string): void {
    if (!this.#names.has(path)) return;
    this.#do({ do: 'names', directory: directoryOf(path), changes: [{ path, inode: undefined }] });
  }

  sync(directory: string): void {
    this.#do({ do: 'sync-names', directory });
  }

  makeDirectory(path: string): void {
    for (let one = path; one !== ''; one = directoryOf(one)) this.#directories.add(one);
  }

  expectWritable(directory: string): void {
    if (!this.#directories.has(directory)) throw refusal('ENOENT', directory);
  }

  append(path: string, content: string): void {
    if (this.isFull) throw refusal('ENOSPC', path);
    if (!this.#names.has(path)) {
      const inode = ++this.#inodes;
      this.#do({ do: 'names', directory: directoryOf(path), changes: [{ path, inode }] });
    }
    const before = this.#bytes(path) ?? Buffer.alloc(0);
    this.#do({ do: 'data', inode: this.#inodeOf(path), content: Buffer.concat([before, Buffer.from(content)]) });
  }

  #bytes(path: string): Buffer | undefined {
    const inode = this.#names.get(path);
    return inode === undefined ? undefined : this.#contents.get(inode);
  }

  #inodeOf(path: string): number {
    const inode = this.#names.get(path);
    if (inode === undefined) throw refusal('ENOENT', path);
    return inode;
  }

  #do(operation: Operation): void {
    if (this.#life <= 0) throw new Killed('the process is no more');
    this.#life--;
    if (this.#failure !== undefined && this.#failure.after-- <= 0) {
      const { code } = this.#failure;
      this.#failure = undefined;
      throw refusal(code, operation.do);
    }
    this.#log.push(operation);
    if (operation.do === 'names') {
      for (const { path, inode } of operation.changes) {
        if (inode === undefined) this.#names.delete(path);
        else this.#names.set(path, inode);
      }
    } else if (operation.do === 'data') this.#contents.set(operation.inode, operation.content);
  }
}
