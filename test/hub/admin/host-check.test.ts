import test from 'ava';
import fc from 'fast-check';
import { isTrustedHost } from '../../../src/hub/admin/host-check.ts';

test('only addresses, localhost and own names are trusted', (t) => {
  const own = new Set(['edge-7']);
  for (const header of [
    undefined,
    '',
    ':10267',
    '[]',
    '[]:1',
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1@evil.example',
  ]) {
    t.false(isTrustedHost(header, own), header);
  }
  for (const header of ['edge-7', 'EDGE-7:1', 'localhost', '0.0.0.0:1', '[fd00::1]:65535'])
    t.true(isTrustedHost(header, own), header);
  fc.assert(fc.property(fc.domain(), (domain) => !isTrustedHost(domain, own) && !isTrustedHost(`${domain}:80`, own)));
});
