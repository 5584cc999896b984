// Which lines of tmpfiles.d remove a directory or what is in it. Pure.
// Source: tmpfiles.d(5), systemd-tmpfiles(8).

export interface TmpfilesLine {
  /** Of the file. */
  readonly path: string;
  /** As written, without the blanks around it. */
  readonly text: string;
}

/** At boot `D` empties a directory, `r` and `R` remove what matches; the rest remove what is older than their age. */
export function wipersOf(directory: string, lines: readonly TmpfilesLine[]): readonly TmpfilesLine[] {
  const read = lines.map((line) => ({ line, ...fieldsOf(line.text) }));
  const spared = read.filter(({ type }) => type === 'x' || type === 'X').map(({ target }) => target);
  return read
    .filter(({ type, target, age }) => {
      const empties = isAt(directory, target) || isAbove(target, directory);
      if (type === 'R') return empties || isBelow(target, directory);
      if (type === 'r') return isBelow(target, directory);
      if (type === 'D' && empties) return true;
      const goesByAge = 'dDeCvqQ'.includes(type) && age !== '' && age !== '-';
      return goesByAge && empties && !spared.some((one) => isAt(directory, one) || isAbove(one, directory));
    })
    .map(({ line }) => line);
}

/** Type Path Mode User Group Age Argument; the type may carry modifiers. */
function fieldsOf(text: string): { type: string; target: string; age: string } {
  const [type = '', target = '', , , , age = ''] = text.split(/\s+/);
  return { type: type.slice(0, 1), target: target.replace(/^"|"$/g, '').replace(/(.)\/+$/, '$1'), age };
}

const isAt = (directory: string, glob: string): boolean => globPattern(glob).test(directory);

/** A parent of the directory matches. */
function isAbove(glob: string, directory: string): boolean {
  const parts = directory.split('/');
  return parts.some((_, depth) => depth > 1 && depth < parts.length && isAt(parts.slice(0, depth).join('/'), glob));
}

/** It names something inside. */
function isBelow(glob: string, directory: string): boolean {
  const depth = directory.split('/').length;
  const parts = glob.split('/');
  return parts.length > depth && isAt(directory, parts.slice(0, depth).join('/'));
}

function globPattern(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${text}$`);
}
