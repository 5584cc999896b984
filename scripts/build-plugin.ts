// The CNI plugin as one CommonJS file that needs nothing beside it but Node: it is started once for each address that is
// given out or freed, so it is small, and only Node's own modules that it needs are loaded.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundleMark, bundleName } from '../src/ipam/install/wrapper.ts';

/** @returns where it is, and its size */
export async function buildPlugin(root: string, outdir: string): Promise<{ path: string; bytes: number }> {
  const path = join(outdir, bundleName);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  await build({
    absWorkingDir: root,
    entryPoints: ['src/ipam/main.ts'],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160,
    banner: { js: `${bundleMark}${version}` },
    legalComments: 'none',
  });
  return { path, bytes: statSync(path).size };
}
