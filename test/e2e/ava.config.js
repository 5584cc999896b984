// The end-to-end tests: real kube-apiserver, real clients. One file at a time, for the processes share few cores.
const config = {
  extensions: ['ts'],
  files: ['test/e2e/**/*.test.ts'],
  concurrency: 1,
  serial: true,
  timeout: '10m', // without news from any test: long enough to build Kubernetes first
  workerThreads: false,
};
// biome-ignore lint/style/noDefaultExport: ava reads a default export
export default config;
