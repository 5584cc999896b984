// Where things lie: host-local's files in `<dataDir>/<network>/`, ours in `<dataDir>/.retain/<network>/`. A network's name
// cannot begin with a dot, and host-local, which reads each file below its own directory, never sees ours.
import { join } from 'node:path';
import { isAddress } from '../address.ts';

export interface Layout {
  readonly network: string;
  /** Host-local's. */
  readonly held: string;
  readonly retain: string;
  readonly lock: string;
  readonly meta: string;
  readonly audit: string;
}

const retainName = '.retain';

export const retainRoot = (dataDir: string): string => join(dataDir, retainName);

export function layoutOf(dataDir: string, network: string): Layout {
  const held = join(dataDir, network);
  const retain = join(dataDir, retainName, network);
  return {
    network,
    held,
    retain,
    lock: join(held, 'lock'),
    meta: join(retain, metaName),
    audit: join(retain, auditName),
  };
}

const metaName = 'meta.json';
const auditName = 'audit.jsonl';
const recordSuffix = '.json';

/** Files in the making; whoever has the network's lock may remove those it finds. */
export const temporaryPrefix = 'tmp-';

export const recordFile = ({ retain }: Layout, address: string): string => join(retain, `${address}${recordSuffix}`);

/** Undefined for a file that is no record. */
export function addressOfRecordFile(name: string): string | undefined {
  if (!name.endsWith(recordSuffix)) return undefined;
  const address = name.slice(0, -recordSuffix.length);
  return isAddress(address) ? address : undefined;
}

const cursorPrefix = 'last_reserved_ip.';

export const cursorFile = ({ held }: Layout, rangeSet: number): string => join(held, `${cursorPrefix}${rangeSet}`);

/** Undefined for a file that is no cursor. */
export function rangeSetOfCursorFile(name: string): number | undefined {
  const index = name.startsWith(cursorPrefix) ? name.slice(cursorPrefix.length) : '';
  return /^(0|[1-9]\d*)$/.test(index) ? Number(index) : undefined;
}
