// A tar archive of files and directories, all root's and of the year 1970. Values in, bytes out.
// Source: POSIX.1-2017, pax, "ustar Interchange Format".

export interface TarEntry {
  /** A directory's ends in `/`. At most 100 bytes. */
  readonly name: string;
  readonly content?: Uint8Array;
  readonly isExecutable?: boolean;
}

const block = 512;

export function tar(entries: readonly TarEntry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = Buffer.from(entry.content ?? []);
    const padding = Buffer.alloc((block - (content.length % block)) % block);
    return [header(entry, content.length), content, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * block)]);
}

function header({ name, isExecutable = false }: TarEntry, size: number): Buffer {
  const isDirectory = name.endsWith('/');
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, width: number) =>
    bytes.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
  if (Buffer.byteLength(name) > 100) throw new RangeError(`too long for a tar header: ${name}`);
  bytes.write(name, 0);
  octal(isDirectory || isExecutable ? 0o755 : 0o644, 100, 8);
  octal(0, 108, 8); // owner
  octal(0, 116, 8); // group
  octal(size, 124, 12);
  octal(0, 136, 12); // time
  bytes.fill(' ', 148, 156); // the checksum counts as blanks while it is being made
  bytes.write(isDirectory ? '5' : '0', 156);
  bytes.write('ustar\x0000', 257, 'latin1');
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}
