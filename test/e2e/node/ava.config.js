// The tests of whole nodes: kubelet, containerd and ten pods each. Two at a time: with more the pods of one miss their probes
// while another starts.
import shared from '../ava.config.js';

const config = { ...shared, files: ['test/e2e/node/*.test.ts'], concurrency: 2 };
// biome-ignore lint/style/noDefaultExport: ava reads a default export
export default config;
