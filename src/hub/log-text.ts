// A log line for people, from the same line for machines. Pure.
//   10:02:03.456 INFO  link.changed  the cloud does not answer  from=online to=offline because="connection refused"

const wellKnown = new Set(['level', 'time', 'event', 'msg', 'error', 'err']);

/** @param line one JSON object with its newline. @returns the text with its newline; what is no JSON stays as it is */
export function logText(line: string): string {
  const record = parse(line);
  if (record === undefined) return line;
  const time = typeof record.time === 'string' ? record.time.slice(11, 23) : '';
  const level = String(record.level ?? '')
    .toUpperCase()
    .padEnd(5);
  const fields = Object.entries(record)
    .filter(([name]) => !wellKnown.has(name))
    .map(([name, value]) => `${name}=${valueText(value)}`);
  const head = [`${time} ${level}`, record.event, record.msg, fields.join(' '), errorText(record.error ?? record.err)];
  return `${head.filter((part) => typeof part === 'string' && part !== '').join('  ')}\n`;
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not ours to judge: the caller prints the line as it came
  }
}

function valueText(value: unknown): string {
  const isRow = Array.isArray(value) && value.every((one) => typeof one !== 'object');
  const text = typeof value === 'string' ? value : isRow ? value.join(',') : JSON.stringify(value);
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { message, code } = error as { message?: unknown; code?: unknown };
  return `error=${valueText(`${message}${typeof code === 'string' ? ` (${code})` : ''}`)}`;
}
