import { execFileSync, spawnSync } from 'node:child_process';
import test from 'ava';
import fc from 'fast-check';
import { certificateRequest } from '../../../src/hub/pki/certificate-request.ts';
import { newKey } from './test-certificates.ts';

const hasOpenssl = (() => {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    return false; // said by the test
  }
})();

function openssl(pem: string, ...words: string[]): string {
  const { stdout, stderr } = spawnSync('openssl', ['req', '-noout', ...words], { input: pem, encoding: 'utf8' });
  return `${stdout}${stderr}`.trim();
}

test('OpenSSL finds the request well-formed, signed by its own key, and for whom it was made', (t) => {
  if (!hasOpenssl) {
    t.log('not run: there is no openssl command here');
    return t.pass();
  }
  const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?$/);
  fc.assert(
    fc.property(label, (nodeName) => {
      const pem = certificateRequest(
        { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] },
        newKey(),
      );
      t.regex(openssl(pem, '-verify'), /verify OK/);
      t.is(openssl(pem, '-subject').replaceAll(' ', ''), `subject=O=system:nodes,CN=system:node:${nodeName}`);
    }),
    { numRuns: 10 },
  );
});

test('a request that was changed in one place is not signed any more', (t) => {
  if (!hasOpenssl) {
    t.log('not run: there is no openssl command here');
    return t.pass();
  }
  const pem = certificateRequest({ commonName: 'system:node:edge-7', organizations: ['system:nodes'] }, newKey());
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  der[der.indexOf('edge-7') + 5] = '8'.charCodeAt(0);
  const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
  t.regex(openssl(forged, '-verify'), /verify failure/);
});
