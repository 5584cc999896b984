// Who had which address when: one line of JSON for each change, in two files of which the older one goes when the newer one
// is full. Not durable, and no change waits for it.
import type { AuditNote } from '../allocator/plan.ts';
import type { Facts } from './facts.ts';
import type { Files } from './files.ts';
import type { Layout } from './layout.ts';

/** One line of the audit log. */
export interface AuditEntry extends Omit<AuditNote, 'verb'> {
  /** RFC 3339. */
  readonly time: string;
  readonly bootId: string;
  /** Of another version maybe one that this one does not know. */
  readonly verb: string;
}

/** Bytes of one of the two files: some 2000 changes. */
const fullAt = 512 * 1024;

const olderOf = ({ audit }: Layout): string => `${audit}.1`;

export function appendAudit(
  files: Files,
  layout: Layout,
  notes: readonly AuditNote[],
  { nowMs, bootId }: Facts,
  sizeBound = fullAt,
): void {
  if (notes.length === 0) return;
  const time = new Date(nowMs).toISOString();
  const lines = notes.map((note) => `${JSON.stringify({ time, bootId, ...note } satisfies AuditEntry)}\n`).join('');
  if ((files.size(layout.audit) ?? 0) + lines.length > sizeBound) {
    if (files.size(layout.audit) !== undefined) files.rename(layout.audit, olderOf(layout));
  }
  files.append(layout.audit, lines);
}

/** Another one after each change that was noted. */
export const auditVersion = (files: Files, { audit }: Layout): string => files.version(audit) ?? '';

/** Oldest first. A line that was torn by a loss of power is left out. */
export function readAudit(files: Files, layout: Layout): readonly AuditEntry[] {
  const text = [olderOf(layout), layout.audit].map((path) => files.read(path) ?? '').join('\n');
  return text.split('\n').flatMap((line) => {
    const entry = parsed(line);
    return entry === undefined ? [] : [entry];
  });
}

const keys = ['time', 'bootId', 'verb', 'address', 'key', 'from', 'to', 'reason'];

function parsed(line: string): AuditEntry | undefined {
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  try {
    const entry: unknown = JSON.parse(line);
    const fields = entry as Record<string, unknown>;
    return keys.every((key) => typeof fields[key] === 'string') ? (entry as AuditEntry) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
