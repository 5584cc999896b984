// Unit and whole-process tests that need no Go and no root. Node 24 runs TypeScript by stripping types.
export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts', '!test/e2e/**', '!test/bench/**'],
  require: ['./test/support/leave-at-end.ts'],
  timeout: '5m', // without news from any test: a slow disk takes its time for those that sync much
  workerThreads: false,
};
