// The wrapper that runs the product, tried on a stand-in that keeps the same contract: command line, run.json, ports.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HubOptions, startHub } from './hub.ts';
import { test } from './one-by-one.ts';

const standIn = `
const { createServer } = require('node:http');
const { writeFileSync } = require('node:fs');
const flag = (name) => process.argv[process.argv.indexOf(name) + 1];
const answer = (request, response) => response.end(request.url);
const listen = (name) => new Promise((resolve) => {
  const [host, port] = flag(name).split(':');
  const server = createServer(answer).listen(Number(port), host, () => resolve(host + ':' + server.address().port));
});
(async () => {
  console.log(process.argv.slice(2).join(' '));
  console.error('to stderr');
  if (process.env.FAIL) process.exit(3);
  const [api, insecureLoopback, admin] = [await listen('--listen'), await listen('--insecure-loopback'), await listen('--admin')];
  writeFileSync(flag('--data-dir') + '/run.json', JSON.stringify({ pid: process.pid, listen: [api], insecureLoopback, admin }));
  if (!process.env.STUBBORN) process.on('SIGTERM', () => process.exit(0));
  else process.on('SIGTERM', () => {});
})();
`;

async function lab(t: { teardown(end: () => unknown): void }): Promise<HubOptions> {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-e2e-hub-'));
  t.teardown(() => rm(dataDir, { recursive: true, force: true }));
  await writeFile(join(dataDir, 'stand-in.cjs'), standIn);
  const program = [process.execPath, join(dataDir, 'stand-in.cjs')] as const;
  return { kubeconfig: '/cluster.kubeconfig', nodeName: 'edge-1', dataDir, program };
}

test('it is called by the documented command line, and found by its run file', async (t) => {
  const options = await lab(t);
  const hub = await startHub({ ...options, extraArgs: ['--log-level', 'debug'] });
  t.teardown(() => hub.kill9());
  t.is(
    hub.log[0],
    `run --kubeconfig /cluster.kubeconfig --node-name edge-1 --data-dir ${options.dataDir} ` +
      `--ipam-data-dir ${options.dataDir}-addresses ` +
      '--listen 127.0.0.1:0 --insecure-loopback 127.0.0.1:0 --admin 127.0.0.1:0 --log-level debug',
  );
  await hub.waitForLog('its stderr', (line) => line === 'to stderr');
  t.is((await hub.admin.request('GET', '/status')).body, '/status');
  t.is((await hub.loopback.request('GET', '/api')).body, '/api');
  t.regex(hub.apiUrl, /^https:\/\/127\.0\.0\.1:\d+$/);
  t.is(hub.caFile, join(options.dataDir, 'pki', 'ca.crt'));
});

test('after kill -9 it comes back on the same ports, not mistaken for the run before', async (t) => {
  const options = await lab(t);
  const first = await startHub(options);
  await first.kill9();
  t.like(await first.ended, { signal: 'SIGKILL' });
  const second = await startHub({ ...options, ports: first.ports });
  t.teardown(() => second.kill9());
  t.not(second.pid, first.pid);
  t.deepEqual(second.ports, first.ports);
  t.is(second.apiUrl, first.apiUrl);
});

test('terminate tells how it ended, also when it would not end', async (t) => {
  const options = await lab(t);
  t.like(await (await startHub(options)).terminate(), { code: 0, signal: null });
  const stubborn = await startHub({ ...options, env: { STUBBORN: '1' } });
  const end = await stubborn.terminate(300);
  t.is(end.signal, 'SIGKILL');
  t.true(end.ms >= 300);
});

test('one that does not come up is reported at once with what it said', async (t) => {
  const started = performance.now();
  const error = await t.throwsAsync(startHub({ ...(await lab(t)), env: { FAIL: '1' } }));
  t.regex(error?.message ?? '', /the hub ended with 3:.*to stderr/s);
  t.true(performance.now() - started < 5_000);
});
