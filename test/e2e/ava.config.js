// The end-to-end tests: real kube-apiserver, real clients. Three files at a time: most of it is waiting. The tests of one file
// come one after another, each declared with `test.serial`: ava's own setting for that takes the files one by one, too.
// Whole nodes are apart: node/ava.config.js.
const config = {
  extensions: ['ts'],
  files: ['test/e2e/**/*.test.ts', '!test/e2e/node/**'],
  concurrency: 3,
  require: ['./test/support/leave-at-end.ts'],
  timeout: '10m', // without news from any test: long enough to build Kubernetes first
  workerThreads: false,
};
// biome-ignore lint/style/noDefaultExport: ava reads a default export
export default config;
