import { execFileSync } from 'node:child_process';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { readCertificateFacts } from '../../../src/hub/pki/certificate-facts.ts';
import { childrenOf, integer, objectIdentifier, time, tlv } from '../../../src/hub/pki/der.ts';
import { issueCertificate } from '../../../src/hub/pki/issue-certificate.ts';
import { makeAuthority, makeCertificate, newKey } from './test-certificates.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/[\0]/.test(text));
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);

test('what is ordered is what another X.509 implementation reads', (t) => {
  const authority = makeAuthority('ca');
  const key = newKey();
  fc.assert(
    fc.property(
      name,
      fc.uniqueArray(name, { maxLength: 3 }),
      fc.uniqueArray(fc.oneof(label, fc.ipV4(), fc.ipV6()), { minLength: 1, maxLength: 5 }),
      fc.constantFrom('server' as const, 'client' as const),
      fc.integer({ min: Date.UTC(1960, 0), max: Date.UTC(2090, 0) }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (commonName, organizations, subjectAltNames, use, notBeforeMs, serial) => {
        const notAfterMs = notBeforeMs + 86_400_000;
        const pem = issueCertificate(
          {
            subject: { commonName, organizations },
            use,
            subjectAltNames,
            notBeforeMs,
            notAfterMs,
            key,
            serial: Buffer.from(serial),
          },
          authority.issuer,
        );
        const certificate = new X509Certificate(pem);
        const facts = readCertificateFacts(certificate);
        const wholeSeconds = (timeMs: number) => Math.floor(timeMs / 1000) * 1000;
        if (facts.commonName !== commonName) throw new Error(`CN ${JSON.stringify(facts.commonName)}`);
        if (facts.organizations.join('\0') !== organizations.join('\0')) throw new Error(`O ${facts.organizations}`);
        if (facts.notBeforeMs !== wholeSeconds(notBeforeMs)) throw new Error(`notBefore ${facts.notBeforeMs}`);
        if (facts.notAfterMs !== wholeSeconds(notAfterMs)) throw new Error(`notAfter ${facts.notAfterMs}`);
        if (facts.isAuthority) throw new Error('a leaf is no authority');
        for (const one of subjectAltNames) {
          if (!(certificate.checkHost(one) ?? certificate.checkIP(one))) throw new Error(`SAN ${one} is missing`);
        }
        if (!certificate.checkIssued(authority.issuer.certificate)) throw new Error('not issued');
        if (!certificate.verify(createPublicKey(authority.issuer.key))) throw new Error('signature');
        if (!/^[4-7][0-9A-F]{31}$/.test(certificate.serialNumber))
          throw new Error(`serial ${certificate.serialNumber}`);
      },
    ),
    { numRuns: 300 },
  );
  t.pass();
});

test("OpenSSL's strict verification accepts the chain for its purpose, and only for it", async (t) => {
  try {
    execFileSync('openssl', ['version']);
  } catch {
    t.log('not run: there is no openssl command here');
    return t.pass();
  }
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-openssl-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const root = makeAuthority('root');
  const middle = makeAuthority('middle', { issuer: root.issuer });
  const files = {
    root: root.cert,
    middle: middle.cert,
    server: makeCertificate('s', { use: 'server', subjectAltNames: ['localhost'], issuer: middle.issuer }).cert,
    client: makeCertificate('c', { use: 'client', issuer: middle.issuer }).cert,
  };
  const paths = Object.fromEntries(Object.keys(files).map((file) => [file, join(directory, `${file}.pem`)]));
  for (const [file, pem] of Object.entries(files)) await writeFile(paths[file]!, pem);
  const verify = (leaf: string, purpose: string) =>
    execFileSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-CAfile',
        paths.root!,
        '-untrusted',
        paths.middle!,
        '-purpose',
        purpose,
        paths[leaf]!,
      ],
      { stdio: 'pipe' },
    ).toString();
  t.regex(verify('server', 'sslserver'), /OK/);
  t.regex(verify('client', 'sslclient'), /OK/);
  t.throws(() => verify('server', 'sslclient'));
  t.throws(() => verify('client', 'sslserver'));
});

test('DER: integers are shortest and never negative, lengths and identifiers round-trip, years after 2049 are long', (t) => {
  t.is(integer(Buffer.from([0, 0, 0x7f])).toString('hex'), '02017f');
  t.is(integer(Buffer.from([0x80])).toString('hex'), '02020080');
  t.is(integer(Buffer.from([0])).toString('hex'), '020100');
  t.is(objectIdentifier('1.2.840.10045.4.3.2').toString('hex'), '06082a8648ce3d040302');
  t.is(time(Date.UTC(2049, 11, 31, 23, 59, 59)).toString('latin1', 2), '491231235959Z');
  t.is(time(Date.UTC(2050, 0, 1)).toString('latin1', 2), '20500101000000Z');
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (contents) => {
      const parts = contents.map((bytes) => tlv(0x04, bytes));
      const read = childrenOf(tlv(0x30, ...parts));
      return read.length === parts.length && read.every((part, i) => part.equals(parts[i]!));
    }),
  );
  t.throws(() => childrenOf(Buffer.from([0x30, 0x05, 0x04])), { instanceOf: RangeError });
});
