// What a process that is to run for months does before it loads the hub, so that it starts fast and stays small.
// Measured in docs/decisions/0008-memory-and-start.md.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { compiledCodeName } from '../hub/data-directory.ts';

/** V8 reads these when it needs them, so they can be set by the process itself; the usual ones count only on node's command line. */
const memoryFlags = [
  // Keeps the young generation at the 2 MB it starts with instead of 48 MB under load. The buffers of passed-on bodies
  // hang on young objects and are freed when those are swept: swept early they stay few, and their memory is used again
  // while the processor's caches still hold it. Peak after 250 large LISTs 234 -> 158 MB, and a third less CPU for them.
  '--semi-space-growth-factor=1',
  // Never optimizes the HTTP parser of the upstream connections, which is WebAssembly: its one large function takes
  // 20 MB to optimize, which malloc keeps, and no request gets measurably cheaper.
  '--wasm-tiering-budget=2000000000',
];

/**
 * Small buffers are pieces of a pool of Node's, and the last of them that is kept keeps the whole pool: 64 kB for the ticket of
 * a TLS session. In an hour of a flapping link that came to 100 pools; with 8 kB, which it was for long, it is nothing.
 */
const poolBytes = 8 * 1024;

/** To be called before there is anything to answer. */
export function keepMemorySmall(): void {
  for (const flag of memoryFlags) setFlagsFromString(flag);
  Buffer.poolSize = poolBytes;
}

/** By then all that a start needs has been compiled, and the first answers are out. */
const saveAfterMs = 10_000;

/**
 * Compiled code of this life is kept below the data directory for the next one's start. Node checks it against the source
 * and its own version, and the directory is as private as the keys beside it.
 */
export function keepCompiledCode(dataDir: string): { saveLater(): void } {
  enableCompileCache(join(dataDir, compiledCodeName));
  return { saveLater: () => void setTimeout(flushCompileCache, saveAfterMs).unref() };
}
