// What an earlier life has noted beside the scopes: rights, documents, single objects, tokens.
import type { Records } from '../../storage/records.ts';
import type { Cache } from './cache.ts';
import { NotedDocuments } from './noted-documents.ts';
import type { Notes } from './notes.ts';

export interface RestoreNotesOptions {
  readonly records: Pick<Records, 'read'>;
  readonly onDamaged: (what: string, reason: string) => void;
}

export async function restoreNotes(
  notes: Notes,
  { rights, grants, documents, objects, tokens }: Pick<Cache, 'rights' | 'grants' | 'documents' | 'objects' | 'tokens'>,
  { records, onDamaged }: RestoreNotesOptions,
): Promise<void> {
  await notes.restore('right', (value) => rights.restore(value), onDamaged);
  await notes.restore('grant', (value, key) => grants.restore(value, key), onDamaged);
  grants.restored();
  await notes.restore('document', (value, key) => documents.restore(value, key), onDamaged);
  documents.restoreSeen(await records.read('meta', NotedDocuments.seenKey));
  await notes.restore('observed', (value, key) => objects.restore(value, key), onDamaged);
  objects.restored();
  await notes.restore('token', (value, key) => tokens.restore(value, key), onDamaged);
}
