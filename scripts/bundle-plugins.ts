// What the bundle leaves out or takes another way than the sources do, so that the daemon starts fast and small. The
// program behaves the same; test/bin/bundle.test.ts runs it.
import type { Plugin } from 'esbuild';

/**
 * Node's own modules by `require` instead of `import`. Imported, each gets a namespace with all its exports read once,
 * and reading `http.WebSocket` loads Node's whole fetch: 6 MB and 20 ms at every start.
 */
export const builtinsByRequire: Plugin = {
  name: 'builtins-by-require',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, external: true } : { path, namespace: 'builtin' },
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

interface UnusedPart {
  readonly path: RegExp;
  /** Where it is asked for; everywhere by default. */
  readonly importer?: RegExp;
}

/** Each is asked for only by what Holdfast never calls. Whoever does all the same gets an error that says so. */
const unusedParts: readonly UnusedPart[] = [
  // Schemas of routes: there are none (src/hub/listener/no-schemas.ts). `inject()`: for tests.
  { path: /^@fastify\/(ajv-compiler|fast-json-stringify-compiler)$/ },
  { path: /^light-my-request$/ },
  // HTTP/2 is never offered upstream, bodies are buffers and streams, never FormData; the parser is llhttp.
  { path: /^node:http2$/, importer: /\/undici\// },
  { path: /\/web\/(fetch|webidl)/, importer: /\/undici\// },
];

/** Of undici only the pool and what it needs: the whole of it is three times as much as the rest of the daemon. */
const usedOfUndici = `
exports.Client = require('undici/lib/dispatcher/client.js');
exports.Pool = require('undici/lib/dispatcher/pool.js');
exports.buildConnector = require('undici/lib/core/connect.js');
`;

export const withoutUnusedParts: Plugin = {
  name: 'without-unused-parts',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, namespace: 'used-part' }));
    onLoad({ filter: /.*/, namespace: 'used-part' }, () => ({
      contents: usedOfUndici,
      resolveDir: import.meta.dirname,
    }));
    onResolve({ filter: /.*/ }, ({ path, importer }) => {
      const isUnused = unusedParts.some((part) => part.path.test(path) && (part.importer ?? /.*/).test(importer));
      return isUnused ? { path, namespace: 'unused-part' } : undefined;
    });
    onLoad({ filter: /.*/, namespace: 'unused-part' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of the bundle`)});`,
    }));
  },
};
