// The types of Kubernetes' own kinds, read from the table beside this file when one is first asked for: a daemon that
// never meets protobuf nor an offline write never pays for it. The one file of the room that reads a file.
import { existsSync, readFileSync } from 'node:fs';
import { SchemaTable } from './schema-table.ts';
import type { TypeSchema } from './type-schema.ts';

const fileName = 'generated/kubernetes-types.txt';

let table: SchemaTable | undefined;

/** The table itself, for those who walk over all kinds. */
export function schemaTable(): SchemaTable {
  // In the built package this code stands in main.js or in parts/, and the table beside main.js.
  table ??= new SchemaTable(
    readFileSync(
      [`./${fileName}`, `../${fileName}`]
        .map((place) => new URL(place, import.meta.url))
        .find((url) => existsSync(url)) ?? new URL(fileName, import.meta.url),
      'latin1',
    ),
  );
  return table;
}

/** undefined: not one of Kubernetes' own kinds (a custom resource), so nothing is known about its fields. */
export function schemaOf(apiVersion: string, kind: string): TypeSchema | undefined {
  return schemaTable().kind(apiVersion, kind);
}
