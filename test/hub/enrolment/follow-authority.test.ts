// What the node trusts while the cluster's CA is being rotated, and the two places that publish it disagree.
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import type { CloudAnswer } from '../../../src/cache/outbox/cloud.ts';
import { createLogger } from '../../../src/hub/create-logger.ts';
import { cloudPlaces } from '../../../src/hub/enrolment/cloud-directory.ts';
import { followAuthority } from '../../../src/hub/enrolment/follow-authority.ts';
import type { UpstreamConfig } from '../../../src/hub/upstream-config.ts';
import { makeAuthority, makeCertificate } from '../pki/test-certificates.ts';

const [old, next] = [makeAuthority('old'), makeAuthority('next')];
const json = { 'content-type': 'application/json' };
const status: CloudAnswer = { statusCode: 0, headers: json, body: Buffer.from('{"kind":"Status"}') };
const rootCa = (...ones: readonly { readonly cert: Buffer }[]): CloudAnswer => ({
  statusCode: 200,
  headers: json,
  body: Buffer.from(JSON.stringify({ data: { 'ca.crt': ones.map(({ cert }) => cert).join('') } })),
});

/** What is trusted after a look, by name: the server shows a certificate of the old one, and cluster-info names `inClusterInfo`. */
async function trustedAfter(
  t: ExecutionContext,
  before: readonly { readonly cert: Buffer }[],
  answer: CloudAnswer,
  inClusterInfo = old,
  meanwhile: (authorityFile: string) => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const serving = makeCertificate('127.0.0.1', { issuer: old.issuer, use: 'server', subjectAltNames: ['127.0.0.1'] });
  const cluster = { 'certificate-authority-data': inClusterInfo.cert.toString('base64') };
  const kubeconfig = JSON.stringify({ clusters: [{ cluster }] });
  const server = createServer({ cert: serving.cert, key: serving.key }, (request, response) => {
    response.writeHead(200, json);
    response.end(request.url!.includes('cluster-info') ? JSON.stringify({ data: { kubeconfig } }) : '{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  t.teardown(async () => {
    server.close();
    await rm(dataDir, { recursive: true });
  });
  const { authority } = cloudPlaces(dataDir);
  await mkdir(dirname(authority), { recursive: true });
  const bundle = before.map(({ cert }) => cert).join('');
  await writeFile(authority, bundle);
  const config: Pick<UpstreamConfig, 'servers' | 'ca' | 'files'> = {
    servers: [`https://127.0.0.1:${(server.address() as AddressInfo).port}`],
    ca: Buffer.from(bundle),
    files: new Map([[authority, '']]),
  };
  await followAuthority({
    dataDir,
    cluster: () => config as UpstreamConfig,
    cloud: {
      async send() {
        await meanwhile(authority);
        return answer;
      },
    },
    clock: systemClock,
    environment: {},
    log: createLogger({ logLevel: 'error', logFormat: 'json' }, () => {}),
    signal: new AbortController().signal,
  });
  const trusted = await readFile(authority, 'utf8');
  return Object.entries({ old, next }).flatMap(([name, { cert }]) => (trusted.includes(`${cert}`.trim()) ? name : []));
}

test('an authority that is not yet in cluster-info stays, whatever was answered in place of kube-root-ca.crt', async (t) => {
  for (const statusCode of [401, 403, 404, 429, 500, 503]) {
    t.deepEqual(await trustedAfter(t, [old, next], { ...status, statusCode }), ['old', 'next'], `${statusCode}`);
  }
});

test('cluster-info adds an authority where an apiserver refuses kube-root-ca.crt, and only there', async (t) => {
  for (const statusCode of [403, 404]) {
    t.deepEqual(await trustedAfter(t, [old], { ...status, statusCode }, next), ['old', 'next'], `${statusCode}`);
    const page = { statusCode, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') };
    t.deepEqual(await trustedAfter(t, [old], page, next), ['old'], `${statusCode} of something on the way`);
  }
  t.deepEqual(await trustedAfter(t, [old], { ...status, statusCode: 503 }, next), ['old']);
});

test('an authority that kube-root-ca.crt gives up goes when the server does without it, else it stays', async (t) => {
  t.deepEqual(await trustedAfter(t, [old, next], rootCa(old)), ['old']);
  t.deepEqual(await trustedAfter(t, [old, next], rootCa(next)), ['old', 'next']);
});

test('what a join has put there meanwhile stays: the news are of the cluster that the node has left', async (t) => {
  const left = await trustedAfter(t, [old], rootCa(old, next), old, (file) => writeFile(file, 'of another cluster'));
  t.deepEqual(left, []);
  t.deepEqual(await trustedAfter(t, [old], rootCa(old, next)), ['old', 'next']);
});
