// Writes the pages that come from tables: docs/configuration.md, docs/metrics.md, docs/errors.md. With --check it writes
// nothing and fails when a page is not what its table says.
import { readFileSync, writeFileSync } from 'node:fs';
import { renderedPages } from './rendered-pages.ts';

const root = new URL('..', import.meta.url).pathname;
const isCheck = process.argv.includes('--check');
let stale = 0;
for (const [file, text] of Object.entries(renderedPages())) {
  if (read(`${root}${file}`) === text) continue;
  stale++;
  if (!isCheck) writeFileSync(`${root}${file}`, text);
  console.log(isCheck ? `${file} is not what its table says: run \`npm run docs\` and commit it` : `wrote ${file}`);
}
if (isCheck && stale > 0) process.exitCode = 1;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
