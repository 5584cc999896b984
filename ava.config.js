// Unit and whole-process tests that need no Go and no root. Node 24 runs TypeScript by stripping types.
export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts', '!test/e2e/**', '!test/bench/**'],
  require: ['./test/support/leave-at-end.ts'],
  timeout: '60s',
  workerThreads: false,
};
