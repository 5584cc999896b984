// Builds dist/: the daemon and its command line as one bundle, for the published package and for a fast start.
// Everything is inside but classic-level, whose native part stays a package of its own. The CNI plugin is a bundle of
// its own (scripts/build-plugin.ts).
//
//   node scripts/build.ts [directory]     default dist; it is emptied first
import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { buildPlugin } from './build-plugin.ts';
import { builtinsByRequire, withoutUnusedParts } from './bundle-plugins.ts';

const root = new URL('..', import.meta.url).pathname;

const outdir = resolve(root, process.argv[2] ?? 'dist');

rmSync(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outdir,
  bundle: true,
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node24',
  external: ['classic-level'],
  plugins: [withoutUnusedParts, builtinsByRequire],
  // What is only looked up is not parsed; names stay, so that stack traces can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  // CommonJS packages inside an ESM bundle still call require for Node's own modules.
  banner: {
    js: "const require = process.getBuiltinModule('node:module').createRequire(import.meta.url);",
  },
  sourcemap: true,
  legalComments: 'none',
  metafile: true,
});
// Read when first needed, so it stays a file of its own; src/apimachinery/schema/schema-of.ts looks for it here.
mkdirSync(`${outdir}/generated`);
copyFileSync(
  `${root}src/apimachinery/schema/generated/kubernetes-types.txt`,
  `${outdir}/generated/kubernetes-types.txt`,
);
const sizes = Object.entries(metafile.outputs).filter(([file]) => file.endsWith('.js'));
const bytes = sizes.reduce((sum, [, output]) => sum + output.bytes, 0);
console.log(`${outdir}/main.js and ${sizes.length - 1} parts, ${(bytes / 1e6).toFixed(1)} MB`);
const plugin = await buildPlugin(root, `${outdir}/ipam`);
console.log(`${plugin.path}, ${(plugin.bytes / 1e3).toFixed(0)} kB`);
