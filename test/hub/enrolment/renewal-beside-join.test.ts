// A daemon renews while `holdfast join --replace-identity` runs beside it.
import { createPublicKey, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join as at } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import { cloudPlaces, writeCloudDirectory } from '../../../src/hub/enrolment/cloud-directory.ts';
import { join } from '../../../src/hub/enrolment/join.ts';
import { openRenewal } from '../../../src/hub/enrolment/open-renewal.ts';
import { keepPending, keyForRequest, newKey, type RequestOwner } from '../../../src/hub/enrolment/pending-request.ts';
import { requestName } from '../../../src/hub/enrolment/request-certificate.ts';
import { enrolmentKubeconfig } from '../../../src/hub/enrolment/upstream-kubeconfig.ts';
import { issueCertificate } from '../../../src/hub/pki/issue-certificate.ts';
import type { UpstreamConfig } from '../../../src/hub/upstream-config.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { makeAuthority, makeCertificate } from '../pki/test-certificates.ts';

const dayMs = 86_400_000;
const ca = makeAuthority('ca');
const subject = { commonName: 'system:node:n', organizations: ['system:nodes'] };

/** Of a request for a certificate, PEM; every P-256 public key begins alike (RFC 5480). */
function publicKeyIn(request: string): KeyObject {
  const der = Buffer.from(request.replaceAll(/-----.*-----/g, ''), 'base64');
  const at = der.indexOf(Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'));
  return createPublicKey({ key: der.subarray(at, at + 91), format: 'der', type: 'spki' });
}

interface Cluster {
  readonly url: string;
  readonly asked: Set<string>;
  approvesAll: boolean;
  /** Resolves when the first request for a certificate has been made. */
  readonly hasBeenAsked: Promise<void>;
}

/** Issues what the bearer of `trusted` asks for, and the rest when it `approvesAll`. */
async function cluster(t: ExecutionContext): Promise<Cluster> {
  const first = Promise.withResolvers<void>();
  const state = { approvesAll: false, asked: new Set<string>(), hasBeenAsked: first.promise };
  const issued = new Set<string>();
  const keys = new Map<string, KeyObject>();
  const answer = async (request: IncomingMessage): Promise<[number, object]> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url!;
    if (!path.includes('certificatesigningrequests')) return [path === '/version' ? 200 : 404, { kind: 'Status' }];
    const isNew = request.method === 'POST';
    const made = isNew ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
    const name: string = made?.metadata.name ?? path.split('/').pop()!;
    if (isNew && state.asked.has(name)) return [409, { kind: 'Status' }];
    if (isNew) {
      state.asked.add(name);
      keys.set(name, publicKeyIn(Buffer.from(made.spec.request, 'base64').toString()));
    }
    if (isNew && request.headers.authorization === 'Bearer trusted') issued.add(name);
    if (state.approvesAll) issued.add(name);
    first.resolve();
    const key = keys.get(name);
    if (!issued.has(name) || key === undefined) return [isNew ? 201 : 200, { metadata: { name }, status: {} }];
    const order = { subject, use: 'client', notBeforeMs: Date.now() - dayMs, notAfterMs: Date.now() + dayMs } as const;
    const pem = issueCertificate({ ...order, key, serial: Buffer.from('0102030405060708', 'hex') }, ca.issuer);
    return [isNew ? 201 : 200, { metadata: { name }, status: { certificate: Buffer.from(pem).toString('base64') } }];
  };
  const server = createServer((request, response) => {
    answer(request).then(
      ([code, body]) => {
        response.writeHead(code, { 'content-type': 'application/json', 'audit-id': 'a' });
        response.end(JSON.stringify(body));
      },
      (error) => response.destroy(error as Error),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function dataDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(at(tmpdir(), 'holdfast-beside-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const dataDir = at(directory, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  return dataDir;
}

/** A hub whose certificate the cloud refuses, so that it asks by its enrolment credential. */
async function renewing(t: ExecutionContext, dataDir: string, url: string) {
  const enrolment = enrolmentKubeconfig({ server: url, authority: undefined }, { token: 'account' });
  const contents = { kubeconfig: 'first', authority: 'a', current: 'FIRST', enrolment };
  await writeCloudDirectory(dataDir, contents);
  const own = makeCertificate('system:node:n', { issuer: ca.issuer });
  const config: UpstreamConfig = {
    servers: [url],
    insecureSkipVerify: false,
    files: new Map(),
    groups: [],
    warnings: [],
    clientCertificate: own,
  } as never;
  const said: unknown[] = [];
  const note = (fields: { error?: unknown }) => said.push((fields.error as { code?: unknown } | undefined)?.code);
  const results: string[] = [];
  const renewal = await openRenewal({
    dataDir,
    nodeName: 'n',
    cluster: () => config,
    link: () => ({ state: 'offline', failures: new Set(['credential-refused']) }),
    clock: systemClock,
    wallClock: Date.now,
    random: () => 0,
    environment: {},
    log: { info() {}, warn: note, error() {} } as never,
    onAttempt: (result) => results.push(result),
  });
  t.teardown(() => renewal.close());
  return { renewal, contents, said, results };
}

const account = (url: string): RequestOwner => ({
  purpose: 'renewal',
  nodeName: 'n',
  server: url,
  credential: { token: 'account' },
});

test('a renewal under way never overwrites what a join has put there, into another cluster or the same', async (t) => {
  for (const kubeconfig of ['another', 'first']) {
    const dataDir = dataDirectory(t);
    const cloud = await cluster(t);
    const { renewal, contents, said, results } = await renewing(t, dataDir, cloud.url);
    renewal.start();
    await cloud.hasBeenAsked;
    await writeCloudDirectory(dataDir, { ...contents, kubeconfig, current: 'SECOND' });
    cloud.approvesAll = true;
    await renewal.settled();
    t.is(readFileSync(cloudPlaces(dataDir).current, 'utf8'), 'SECOND', kubeconfig);
    t.true(said.includes('HOLDFAST_JOIN_REPLACED'));
    t.deepEqual(results, ['failed']);
  }
});

test('what nobody has replaced is renewed', async (t) => {
  const dataDir = dataDirectory(t);
  const cloud = await cluster(t);
  const { renewal, results } = await renewing(t, dataDir, cloud.url);
  cloud.approvesAll = true;
  renewal.start();
  await renewal.settled();
  t.deepEqual(results, ['renewed']);
  t.regex(readFileSync(cloudPlaces(dataDir).current, 'utf8'), /BEGIN CERTIFICATE/);
  t.deepEqual(readdirSync(dataDir), ['cloud']);
});

test('a hub that was started before another cluster was joined asks the old one for nothing', async (t) => {
  const dataDir = dataDirectory(t);
  const cloud = await cluster(t);
  const { renewal, contents, said } = await renewing(t, dataDir, cloud.url);
  await writeCloudDirectory(dataDir, { ...contents, kubeconfig: 'second', current: 'SECOND' });
  renewal.start();
  await renewal.settled();
  t.deepEqual(said, ['HOLDFAST_JOIN_REPLACED']);
  t.is(cloud.asked.size, 0);
});

test('a join does not wait for a request that the daemon has made, and does not take it over', async (t) => {
  const dataDir = dataDirectory(t);
  const waiting = newKey();
  const cloud = await cluster(t);
  const server = cloud.url;
  await keepPending(dataDir, account(server), waiting);
  cloud.asked.add(requestName({ nodeName: 'n', key: waiting } as never));
  const contact = {
    place: { server, authority: undefined },
    credential: { token: 'trusted' },
    nodeName: undefined,
    enrolment: undefined,
    source: '--token',
  };
  const order = { dataDir, nodeName: 'n', contact, enrolment: undefined, kubeletConf: undefined, machineId: undefined };
  const joined = await join(
    { ...order, listen: [{ host: '127.0.0.1', port: 10268 }] },
    {
      signal: new AbortController().signal,
      approvalTimeoutMs: 0,
      clock: new ManualClock(Date.now()),
      wallClock: Date.now,
      sleep: async () => {},
      environment: {},
    },
  );
  t.is(joined.nodeName, 'n');
  t.deepEqual(
    readdirSync(dataDir).filter((name) => name.startsWith('pending')),
    [],
  );
});

test('a request is gone on with for the same purpose and the same asker only; the next bootstrap token is the same asker', async (t) => {
  const dataDir = dataDirectory(t);
  const key = newKey();
  const is = async (owner: RequestOwner) => (await keyForRequest(dataDir, owner)).equals(key);
  const first: RequestOwner = { ...account('s'), purpose: 'join', credential: { token: 'abcdef.0123456789abcdef' } };
  await keepPending(dataDir, first, key);
  t.true(await is(first));
  t.true(await is({ ...first, credential: { token: 'fedcba.0123456789abcdef' } }));
  for (const other of [
    { purpose: 'renewal' },
    { nodeName: 'm' },
    { server: 'other' },
    { credential: { token: 'account' } },
    { credential: { clientCertificate: makeCertificate('system:node:n') } },
  ] as const) {
    t.false(await is({ ...first, ...other }), JSON.stringify(Object.keys(other)));
  }
  const credential = { clientCertificate: makeCertificate('system:node:n') };
  await keepPending(dataDir, { ...first, credential }, key);
  t.true(await is({ ...first, credential: { clientCertificate: makeCertificate('system:node:n') } })); // renewed meanwhile
  t.false(await is({ ...first, credential: { clientCertificate: makeCertificate('system:node:m') } }));
});
