// Which members of a JSON text stand there more than once. JSON.parse takes the last one and says nothing; an apiserver
// refuses the text, or warns, by what `fieldValidation` says. Pure. Source: sigs.k8s.io/json, UnmarshalStrict.

/** So many are told of. */
const limit = 100;
/** Strings, in one piece, and the signs that structure the text. */
const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;

interface Level {
  /** Undefined for a list. */
  readonly keys: Set<string> | undefined;
  /** Of this level, with its dot or brackets: goes before what is in it. */
  readonly path: string;
  index: number;
  key: string;
  /** What comes next in an object is a key. */
  isAtKey: boolean;
}

/**
 * Paths as in `spec.containers[0].name`, each once, in the order of the text.
 * @param source JSON that JSON.parse takes
 */
export function duplicateFields(source: string): readonly string[] {
  const found = new Set<string>();
  const levels: Level[] = [];
  for (const [token] of source.matchAll(tokens)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') levels.push(below(level, token === '{'));
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') {
      if (level!.keys === undefined) level!.index += 1;
      else level!.isAtKey = true;
    } else if (token !== ':' && level?.keys !== undefined && level.isAtKey) {
      level.isAtKey = false;
      level.key = JSON.parse(token) as string;
      if (level.keys.has(level.key)) found.add(pathIn(level));
      if (found.size === limit) break;
      level.keys.add(level.key);
    }
  }
  return [...found];
}

function below(level: Level | undefined, isObject: boolean): Level {
  const path = level === undefined ? '' : pathIn(level);
  return { keys: isObject ? new Set() : undefined, path, index: 0, key: '', isAtKey: true };
}

function pathIn({ keys, path, index, key }: Level): string {
  if (keys === undefined) return `${path}[${index}]`;
  return path === '' ? key : `${path}.${key}`;
}
