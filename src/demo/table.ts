// meta.k8s.io Table: what kubectl prints. Rows and columns of objects, each row with the object's metadata.

import type { ResourceDefinition } from './resource-definitions.ts';
import type { StoredObject } from './stored-object.ts';
import { type Column, columnsOf } from './table-columns.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly apiVersion: string;
  readonly includeObject: IncludeObject;
  readonly nowMs: number;
  readonly resourceVersion: string;
  readonly continueToken?: string;
  readonly remainingItemCount?: number | undefined;
  /** Later events of a watch leave the column definitions out. */
  readonly isHeaderless?: boolean;
}

export function tableOf(
  definition: ResourceDefinition,
  objects: readonly StoredObject[],
  options: TableOptions,
): object {
  const columns = columnsOf(definition);
  const { continueToken, remainingItemCount } = options;
  return {
    kind: 'Table',
    apiVersion: options.apiVersion,
    metadata: {
      resourceVersion: options.resourceVersion,
      ...(continueToken ? { continue: continueToken } : {}),
      ...(remainingItemCount === undefined ? {} : { remainingItemCount }),
    },
    columnDefinitions: options.isHeaderless ? null : columns.map(columnDefinition),
    rows: objects.map((stored) => ({
      cells: columns.map((column) => column.cell(stored.document, options.nowMs)),
      object: rowObject(stored, options),
    })),
  };
}

function columnDefinition({ name, type, format, priority, description }: Column): object {
  return { name, type, format, description, priority };
}

function rowObject({ document }: StoredObject, { includeObject, apiVersion }: TableOptions): object | null {
  if (includeObject === 'None') return null;
  if (includeObject === 'Object') return document;
  return { kind: 'PartialObjectMetadata', apiVersion, metadata: document.metadata };
}
