// Reads values deep inside documents whose shape is not known: 'status.podIP'. What is absent, or of another type, reads
// as the given default, so that a table can show any object.

export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const key of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

export function textAt(value: unknown, path: string, otherwise = ''): string {
  const found = at(value, path);
  return typeof found === 'string' && found !== '' ? found : otherwise;
}

export function numberAt(value: unknown, path: string): number {
  const found = at(value, path);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: unknown, path: string): readonly unknown[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

export function mapAt(value: unknown, path: string): Readonly<Record<string, unknown>> {
  const found = at(value, path);
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}
