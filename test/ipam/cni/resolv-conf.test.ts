// host-local's own cases for resolv.conf, by their numbers.
import test from 'ava';
import { noDns, parseResolvConf } from '../../../src/ipam/cni/resolv-conf.ts';

test('dns 12: two nameservers, with white space in front', (t) => {
  t.deepEqual(parseResolvConf('\n  nameserver 192.0.2.0\n  nameserver 192.0.2.1\n'), {
    ...noDns,
    nameservers: ['192.0.2.0', '192.0.2.1'],
  });
});

test('dns 13: a comment says nothing, behind either sign', (t) => {
  t.deepEqual(parseResolvConf('nameserver 192.0.2.0\n;nameserver 192.0.2.1\n# nameserver 192.0.2.2\n'), {
    ...noDns,
    nameservers: ['192.0.2.0'],
  });
});

test('dns 14: all fields; search and options add up over the lines, the last domain counts', (t) => {
  const text = [
    'nameserver 192.0.2.0',
    'nameserver 192.0.2.2 ignored',
    'domain first.example',
    'domain example.com',
    'search example.net example.org',
    'search example.gov',
    'options one two three',
    'options four',
    'nameserver',
    'unknown word',
  ].join('\n');
  t.deepEqual(parseResolvConf(text), {
    nameservers: ['192.0.2.0', '192.0.2.2'],
    domain: 'example.com',
    search: ['example.net', 'example.org', 'example.gov'],
    options: ['one', 'two', 'three', 'four'],
  });
});
