import test from 'ava';
import fc from 'fast-check';
import type { CertificateFacts } from '../../../src/hub/pki/certificate-facts.ts';
import { renewalReason } from '../../../src/hub/pki/renewal.ts';
import {
  addressBytes,
  canonicalName,
  parseSubjectAltName,
  subjectAlternativeNames,
} from '../../../src/hub/pki/subject-alternative-names.ts';

const facts: CertificateFacts = {
  commonName: 'a',
  organizations: ['g', 'h'],
  notBeforeMs: 1000,
  notAfterMs: 2000,
  isAuthority: false,
  extendedKeyUsages: undefined,
  subjectAltNames: ['::1', 'localhost'],
};
const wanted = { subject: { commonName: 'a', organizations: ['h', 'g'] }, subjectAltNames: ['localhost', '::1'] };

test('a certificate is kept until 70 % of its life is over', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3000 }), (nowMs) => {
      const reason = renewalReason(facts, wanted, { isIssuedByAuthority: true, nowMs });
      const expected = nowMs < 1000 ? 'it is not valid yet' : nowMs >= 1700 ? 'most of its life is over' : undefined;
      return reason === expected;
    }),
  );
  t.pass();
});

test('another authority, subject, group or name means a new certificate; another order of them does not', (t) => {
  const now = { isIssuedByAuthority: true, nowMs: 1500 };
  t.is(renewalReason(facts, wanted, now), undefined);
  t.is(
    renewalReason(facts, wanted, { ...now, isIssuedByAuthority: false }),
    'it is not issued by the present authority',
  );
  t.is(
    renewalReason(facts, { ...wanted, subject: { ...wanted.subject, commonName: 'b' } }, now),
    'its subject changed',
  );
  t.is(
    renewalReason(facts, { ...wanted, subject: { commonName: 'a', organizations: ['g'] } }, now),
    'its subject changed',
  );
  t.is(renewalReason(facts, { ...wanted, subjectAltNames: ['localhost'] }, now), 'its names changed');
  t.is(renewalReason(facts, { ...wanted, subjectAltNames: ['localhost', '::2'] }, now), 'its names changed');
});

test('a serving certificate covers loopback, the names of an apiserver, every listen address and the extra names', (t) => {
  const names = subjectAlternativeNames({
    listenHosts: ['127.0.0.1', '10.0.0.7', 'FE80::0:1%eth0'],
    extraNames: ['Edge.example', '10.96.0.1'],
    localAddresses: ['192.168.1.1'],
  });
  t.deepEqual(names, [
    '10.0.0.7',
    '10.96.0.1',
    '127.0.0.1',
    '::1',
    'edge.example',
    'fe80::1',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
    'localhost',
  ]);
  const everywhere = subjectAlternativeNames({
    listenHosts: ['0.0.0.0'],
    extraNames: [],
    localAddresses: ['192.168.1.1'],
  });
  t.true(everywhere.includes('192.168.1.1'));
  t.false(everywhere.includes('0.0.0.0'));
});

test('an address has one spelling, and its bytes are those of that address', (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const bytes = addressBytes(address)!;
      const groups = bytes.toString('hex').match(/.{4}/g)!;
      return bytes.length === 16 && canonicalName(groups.join(':')) === canonicalName(address);
    }),
  );
  t.deepEqual(parseSubjectAltName('DNS:a, IP Address:0:0:0:0:0:0:0:1, URI:http://x, IP Address:10.0.0.1'), [
    '10.0.0.1',
    '::1',
    'a',
  ]);
  t.deepEqual(parseSubjectAltName(undefined), []);
});
