import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readCertificateFacts } from '../../../src/hub/pki/certificate-facts.ts';
import { openPki, type PkiOptions } from '../../../src/hub/pki/pki.ts';
import { PkiError, type PkiErrorCode } from '../../../src/hub/pki/pki-error.ts';
import { loadUpstreamConfig } from '../../../src/hub/upstream-config.ts';
import { makeCertificate } from './test-certificates.ts';

const dayMs = 86_400_000;
const node = { commonName: 'system:node:edge-1', organizations: ['system:nodes'] };

async function setUp(t: ExecutionContext, o: Partial<PkiOptions> = {}) {
  const directory = join(await mkdtemp(join(tmpdir(), 'holdfast-pki-')), 'data');
  t.teardown(() => rm(join(directory, '..'), { recursive: true, force: true }));
  const clock = { nowMs: Date.UTC(2026, 5, 1) };
  const options: PkiOptions = {
    directory,
    nodeName: 'edge-1',
    listen: [{ host: '127.0.0.1', port: 10268 }],
    extraNames: () => [],
    localAddresses: () => [],
    client: node,
    now: () => clock.nowMs,
    ...o,
  };
  const file = (name: string) => join(directory, 'pki', name);
  const read = (name: string) => readFile(file(name), 'utf8');
  return {
    directory,
    clock,
    options,
    file,
    read,
    open: (more: Partial<PkiOptions> = {}) => openPki({ ...options, ...more }),
  };
}

test('a first start makes an authority, a serving and a client certificate, readable by their owner only', async (t) => {
  const { open, file, read, directory } = await setUp(t);
  const pki = await open();
  const authority = new X509Certificate(pki.authority);
  const serving = new X509Certificate(pki.serving.certificate);
  const client = new X509Certificate(await read('client.crt'));
  t.true(authority.ca);
  for (const leaf of [serving, client]) t.true(leaf.checkIssued(authority) && leaf.verify(authority.publicKey));
  t.truthy(serving.checkHost('kubernetes.default.svc'));
  t.truthy(serving.checkIP('::1'));
  t.like(readCertificateFacts(client), { commonName: 'system:node:edge-1', organizations: ['system:nodes'] });
  t.is(pki.authorityPath, file('ca.crt'));
  const mode = async (path: string) => (await stat(path)).mode & 0o777;
  t.is(await mode(join(directory, 'pki')), 0o700);
  for (const key of ['ca.key', 'serving.key', 'client.key']) t.is(await mode(file(key)), 0o600);
  t.is(await mode(pki.kubeconfigPath), 0o600);
  t.deepEqual((await readdir(join(directory, 'pki'))).sort(), [
    'ca.crt',
    'ca.key',
    'client.crt',
    'client.key',
    'serving.crt',
    'serving.key',
  ]);
  t.deepEqual(pki.warnings, []);
});

test('the kubeconfig works as it is: it leads to the hub, with its authority and the client certificate', async (t) => {
  const { open, file, clock } = await setUp(t);
  const pki = await open({ listen: [{ host: '0.0.0.0', port: 10268 }] });
  const config = await loadUpstreamConfig({ kubeconfig: pki.kubeconfigPath }, () => clock.nowMs);
  t.deepEqual(config.servers, ['https://127.0.0.1:10268']);
  t.is(config.user, 'system:node:edge-1');
  t.deepEqual(config.groups, ['system:nodes']);
  t.deepEqual(config.ca, pki.authority);
  t.true(['client.crt', 'client.key'].every((name) => config.files.has(file(name))));
  t.deepEqual(config.warnings, []);
});

test('the kubeconfig leads to the port that was really opened, once that is known', async (t) => {
  const { open, clock } = await setUp(t);
  const pki = await open({ listen: [{ host: '127.0.0.1', port: 0 }] });
  const serving = pki.serving.certificate;
  await pki.announce([{ host: '0.0.0.0', port: 40_001 }]);
  const config = await loadUpstreamConfig({ kubeconfig: pki.kubeconfigPath }, () => clock.nowMs);
  t.deepEqual(config.servers, ['https://127.0.0.1:40001']);
  t.is(pki.serving.certificate, serving, 'nothing else is made anew');
});

test('a second start changes nothing', async (t) => {
  const { open, read } = await setUp(t);
  await open();
  const names = ['ca.crt', 'ca.key', 'client.crt', 'client.key', 'serving.crt', 'serving.key', '../kubeconfig'];
  const before = await Promise.all(names.map(read));
  const pki = await open();
  t.deepEqual(await pki.renew(), []);
  t.deepEqual(await Promise.all(names.map(read)), before);
});

test('certificates are issued anew when most of their life is over; authority and keys stay', async (t) => {
  const { open, read, clock } = await setUp(t);
  const pki = await open();
  const before = { ca: await read('ca.crt'), key: await read('serving.key'), serving: await read('serving.crt') };
  clock.nowMs += 250 * dayMs;
  t.deepEqual(await pki.renew(), []);
  clock.nowMs += 10 * dayMs;
  t.deepEqual(await pki.renew(), ['serving', 'client']);
  t.is(await read('ca.crt'), before.ca);
  t.is(await read('serving.key'), before.key);
  t.not(await read('serving.crt'), before.serving);
  t.is(pki.serving.certificate.toString(), await read('serving.crt'));
  t.true(readCertificateFacts(new X509Certificate(pki.serving.certificate)).notAfterMs > clock.nowMs + 360 * dayMs);
});

test('other names, another node or a clock that went back bring new certificates from the same authority', async (t) => {
  const { open, read, clock } = await setUp(t);
  const first = await open();
  const named = await open({ extraNames: () => ['edge.example'] });
  t.truthy(new X509Certificate(named.serving.certificate).checkHost('edge.example'));
  t.deepEqual(named.authority, first.authority);
  await open({ client: { commonName: 'system:node:other', organizations: ['system:nodes'] } });
  t.is(readCertificateFacts(new X509Certificate(await read('client.crt'))).commonName, 'system:node:other');
  clock.nowMs -= 30 * dayMs;
  const past = await open();
  t.true(readCertificateFacts(new X509Certificate(past.serving.certificate)).notBeforeMs <= clock.nowMs);
  t.deepEqual(past.warnings, []);
  clock.nowMs = 0;
  t.regex((await open()).warnings[0]!, /ca\.crt is valid from .* the clock says/);
});

for (const [made, nowMs] of [
  ['half a century back', 3 * dayMs],
  ['seventy years ahead', Date.UTC(2096, 0, 1)],
] as const) {
  test(`an authority that was made by a clock ${made} is of use when the clock is set`, async (t) => {
    const { open, clock } = await setUp(t);
    const rightMs = clock.nowMs;
    clock.nowMs = nowMs;
    t.deepEqual((await open()).warnings, []);
    clock.nowMs = rightMs;
    const set = await open();
    t.deepEqual(set.warnings, []);
    for (const pem of [set.authority, set.serving.certificate]) {
      const { notBeforeMs, notAfterMs } = readCertificateFacts(new X509Certificate(pem));
      t.true(notBeforeMs < rightMs && rightMs < notAfterMs);
    }
  });
}

test('an authority that is about to expire, or has, is a warning and never a reason not to start', async (t) => {
  const { open, clock } = await setUp(t);
  await open();
  clock.nowMs += 9.5 * 365 * dayMs;
  t.regex((await open()).warnings[0]!, /expires at/);
  clock.nowMs += 365 * dayMs;
  t.regex((await open()).warnings[0]!, /expired at/);
});

test('an authority that was moved away is replaced, and everything it had issued with it', async (t) => {
  const { open, file } = await setUp(t);
  const first = await open();
  for (const name of ['ca.crt', 'ca.key']) await unlink(file(name));
  const second = await open();
  const authority = new X509Certificate(second.authority);
  t.notDeepEqual(second.authority, first.authority);
  for (const leaf of [second.serving.certificate, await readFile(file('client.crt'))]) {
    t.true(new X509Certificate(leaf).verify(authority.publicKey));
  }
});

test('a key is private, even if a file that others could read stood in the way', async (t) => {
  const { open, file, directory } = await setUp(t);
  await mkdir(join(directory, 'pki'), { recursive: true });
  await writeFile(file('ca.key.tmp'), '');
  await chmod(file('ca.key.tmp'), 0o666);
  await open();
  t.is((await stat(file('ca.key'))).mode & 0o777, 0o600);
});

test('a start that was killed between key and certificate is completed by the next one', async (t) => {
  const { open, read, file } = await setUp(t);
  await open();
  for (const name of ['ca', 'serving', 'client']) {
    const key = await read(`${name}.key`);
    await unlink(file(`${name}.crt`));
    await writeFile(file(`${name}.crt.tmp`), 'half a certif');
    const pki = await open();
    t.is(await read(`${name}.key`), key);
    const leaf = new X509Certificate(pki.serving.certificate);
    t.true(leaf.verify(new X509Certificate(pki.authority).publicKey));
  }
});

const damages: Readonly<Record<string, { file: string; content: string | Buffer | undefined; code: PkiErrorCode }>> = {
  'an empty key': { file: 'ca.key', content: '', code: 'HOLDFAST_PKI_DAMAGED' },
  'a key that is none': { file: 'serving.key', content: 'hello', code: 'HOLDFAST_PKI_DAMAGED' },
  'a certificate cut short': {
    file: 'client.crt',
    content: '-----BEGIN CERTIFICATE-----\nMIIB\n',
    code: 'HOLDFAST_PKI_DAMAGED',
  },
  'an authority without its key': { file: 'ca.key', content: undefined, code: 'HOLDFAST_PKI_INCOMPLETE' },
  'the certificate of another key': {
    file: 'serving.crt',
    content: makeCertificate('x').cert,
    code: 'HOLDFAST_PKI_DAMAGED',
  },
  'a kubeconfig somebody else wrote': {
    file: '../kubeconfig',
    content: 'apiVersion: v1\nkind: Config\n',
    code: 'HOLDFAST_PKI_FOREIGN',
  },
};

for (const [what, damage] of Object.entries(damages)) {
  test(`${what} stops the start with the file's name, and nothing is overwritten`, async (t) => {
    const { open, file, directory } = await setUp(t);
    await open();
    const path = join(directory, 'pki', damage.file);
    if (damage.content === undefined) await unlink(path);
    else await writeFile(path, damage.content);
    const contents = async () =>
      Promise.all(
        (await readdir(directory, { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
          .map(async (one) => [one, await readFile(one, 'latin1')]),
      );
    const before = await contents();
    const error = await t.throwsAsync(open(), { instanceOf: PkiError });
    t.is((error as PkiError).code, damage.code);
    t.true(error.message.includes(path), error.message);
    t.deepEqual(await contents(), before);
    t.truthy(file);
  });
}

test('a certificate in the place of the authority that is none is refused', async (t) => {
  const { open, file, read } = await setUp(t);
  await open();
  await writeFile(file('ca.crt'), await read('client.crt'));
  await writeFile(file('ca.key'), await read('client.key'));
  await t.throwsAsync(open(), { instanceOf: PkiError, code: 'HOLDFAST_PKI_FOREIGN' });
});

test('a data directory that cannot be read or written is named with what to do', async (t) => {
  const { open, directory } = await setUp(t);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'pki'), 'a file where a directory should be');
  await t.throwsAsync(open(), { instanceOf: PkiError, code: 'HOLDFAST_PKI_UNWRITABLE', message: /pki \(EEXIST\)/ });
  if (process.getuid?.() === 0) return t.log('permissions are not tried: this is root');
  await rm(join(directory, 'pki'));
  await chmod(directory, 0o500);
  await t.throwsAsync(open(), { instanceOf: PkiError, code: 'HOLDFAST_PKI_UNWRITABLE', message: /EACCES/ });
});
