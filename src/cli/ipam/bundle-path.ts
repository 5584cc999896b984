// Where the plugin is that this command brings along.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleName } from '../../ipam/install/wrapper.ts';

/** Beside the daemon's bundle, or where `npm run build` puts it when the sources run. It need not be there. */
export function bundlePath(): string {
  const places = ['../ipam/', './ipam/', '../../../dist/ipam/'];
  const paths = places.map((place) => fileURLToPath(new URL(`${place}${bundleName}`, import.meta.url)));
  return paths.find((path) => existsSync(path)) ?? paths.at(-1)!;
}
