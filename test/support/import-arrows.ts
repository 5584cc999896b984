// The arrows between the rooms, as a function of one file's path and text, so that the rule itself can be tested.
//   main -> hub, ipam, demo, apimachinery     hub -> cache, ipam, network, apimachinery, storage
//   cache, ipam, network -> apimachinery, storage     demo -> apimachinery     apimachinery, storage -> nothing
// Type-only, dynamic and re-exporting imports are arrows too.
import { dirname, join } from 'node:path/posix';
import { withoutComments } from './without-comments.ts';

export interface WrongImport {
  readonly file: string;
  readonly specifier: string;
  readonly rule: string;
}

const rooms = ['main', 'hub', 'cache', 'ipam', 'network', 'demo', 'apimachinery', 'storage'] as const;
type Room = (typeof rooms)[number];

const mayImport: Readonly<Record<Room, readonly Room[]>> = {
  main: ['hub', 'ipam', 'demo', 'apimachinery'],
  hub: ['cache', 'ipam', 'network', 'apimachinery', 'storage'],
  cache: ['apimachinery', 'storage'],
  ipam: ['apimachinery', 'storage'],
  network: ['apimachinery', 'storage'],
  demo: ['apimachinery'],
  apimachinery: [],
  storage: [],
};

/** Package → where alone it may be imported: a folder ending in `/`, or one file; undefined for nowhere in the daemon. */
const reserved: Readonly<Record<string, string | undefined>> = {
  level: 'storage/',
  'classic-level': 'storage/',
  'memory-level': undefined,
  undici: 'src/hub/upstream/',
  'json-patch': 'src/apimachinery/patch/json-patch.ts',
  '@kubernetes/client-node': undefined,
};

/** The room a file of the repository belongs to; undefined for files that are in none. */
export function roomOf(file: string): Room | undefined {
  if (file === 'src/main.ts' || file.startsWith('src/cli/')) return 'main';
  if (file.startsWith('storage/')) return 'storage';
  const [top, room] = file.split('/');
  return top === 'src' && room !== 'main' ? rooms.find((one) => one === room) : undefined;
}

/** @param file path from the repository's root, with forward slashes */
export function findWrongImports(file: string, source: string): WrongImport[] {
  const found: WrongImport[] = [];
  const room = roomOf(file);
  if (room === undefined) found.push({ file, specifier: '', rule: 'a source file belongs to a room' });
  for (const specifier of importsOf(source)) {
    const rule =
      room && (specifier.startsWith('.') ? wrongArrow(file, room, specifier) : wrongPackage(file, specifier));
    if (rule !== undefined) found.push({ file, specifier, rule });
  }
  if (/^\s*export\s+default\b/m.test(source) || /\bas\s+default\b/.test(source)) {
    found.push({ file, specifier: 'export default', rule: 'no default exports' });
  }
  return found;
}

/** What a file imports, in order: static, side-effect, type-only, re-exported, dynamic, inline types and require. */
export function importsOf(source: string): string[] {
  const code = withoutComments(source);
  const forms = [
    /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*(['"])([^'"]+)\1/g,
    /\bimport\s*(['"])([^'"]+)\1/g,
    /\b(?:import|require)\s*\(\s*(['"`])([^'"`]+)\1/g,
  ];
  const matches = forms.flatMap((form) => [...code.matchAll(form)]);
  return matches.sort((one, other) => one.index - other.index).map((match) => match[2]!);
}

function wrongArrow(file: string, room: Room, specifier: string): string | undefined {
  if (!/\.(ts|json)$/.test(specifier)) return 'imports end in .ts';
  const target = join(dirname(file), specifier);
  if (target === 'package.json') return undefined;
  const other = roomOf(target);
  if (other === undefined) return `${target} is in no room`;
  return other === room || mayImport[room].includes(other) ? undefined : `${room} may not import ${other}`;
}

function wrongPackage(file: string, specifier: string): string | undefined {
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
  if (!Object.hasOwn(reserved, name)) return undefined;
  const place = reserved[name];
  if (place === undefined) return `${name} is for tests only`;
  const isThere = place.endsWith('/') ? file.startsWith(place) : file === place;
  return isThere ? undefined : `only ${place} imports ${name}`;
}
