import test from 'ava';
import fc from 'fast-check';
import {
  choice,
  duration,
  formatDuration,
  formatHostPort,
  hostPort,
  InvalidValueError,
  isLoopback,
  loopbackHostPort,
  nodeAddress,
  nodeName,
  type OptionType,
  path,
  serverUrl,
  subjectName,
} from '../../src/hub/option-types.ts';

const here = { directory: '/srv', homeDirectory: '/home/edge', hostName: 'edge-7', isRoot: false };
const refusal = (type: OptionType<unknown>, text: string) => {
  try {
    type.parse(text, here);
    return undefined;
  } catch (error) {
    return error instanceof InvalidValueError ? error.message : String(error);
  }
};

test('a duration reads back as the milliseconds it was formatted from', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (ms) => duration().parse(formatDuration(ms), here) === ms),
  );
  t.is(duration().parse('1h30m', here), 5_400_000);
  t.is(duration().parse('1.5s', here), 1500);
  t.is(duration().parse('7d', here), 604_800_000);
});

test('a duration without a unit, or outside its limits, is refused with what would be right', (t) => {
  for (const text of ['10', '-5s', '1y', 's', '1 h', '1h ', '', '1e3s']) {
    t.regex(refusal(duration(), text) ?? '', /for example 90s, 1h30m or 7d/, text);
  }
  t.regex(refusal(duration({ minMs: 60_000 }), '5s') ?? '', /too short; at least 1m/);
  t.regex(refusal(duration({ maxMs: 60_000 }), '2h') ?? '', /too long; at most 1m/);
});

test('an address and port read back as they were formatted', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65_535 }), (host, port) => {
      t.deepEqual(hostPort(10268).parse(formatHostPort({ host, port }), here), { host, port });
    }),
  );
  t.deepEqual(hostPort(10268).parse('localhost:1', here), { host: 'localhost', port: 1 });
});

test('an address without port, a name that needs DNS and a port beyond 65535 are refused', (t) => {
  t.regex(refusal(hostPort(10268), '127.0.0.1') ?? '', /HOST:PORT/);
  t.regex(refusal(hostPort(10267), '127.0.0.1') ?? '', /for example 127\.0\.0\.1:10267 or /, 'the port of that option');
  t.regex(refusal(hostPort(10268), '::1:10268') ?? '', /HOST:PORT/);
  t.regex(refusal(hostPort(10268), ':10268') ?? '', /0\.0\.0\.0:10268/);
  t.regex(refusal(hostPort(10268), 'edge-7:10268') ?? '', /not an IP address/);
  t.regex(refusal(hostPort(10268), '[127.0.0.1]:80') ?? '', /not an IP address/);
  t.regex(refusal(hostPort(10268), '127.0.0.1:70000') ?? '', /65535/);
});

test('the insecure port opens on loopback addresses only', (t) => {
  fc.assert(
    fc.property(fc.ipV4(), (host) => {
      t.is(refusal(loopbackHostPort(10261), `${host}:10261`) === undefined, host.startsWith('127.'));
    }),
  );
  t.deepEqual(loopbackHostPort(10261).parse('[::1]:10261', here), { host: '::1', port: 10261 });
  t.regex(refusal(loopbackHostPort(10261), '[::]:10261') ?? '', /acts as the node/);
  t.false(isLoopback('127.evil.example'));
});

test('a server is an https URL without credentials; plain http only to this machine', (t) => {
  t.is(serverUrl.parse('https://10.0.0.1:6443/', here), 'https://10.0.0.1:6443');
  t.is(serverUrl.parse('https://cloud.example/k8s/clusters/c-1/', here), 'https://cloud.example/k8s/clusters/c-1');
  t.is(serverUrl.parse('http://127.0.0.1:8001', here), 'http://127.0.0.1:8001');
  t.is(serverUrl.parse('http://[::1]:8001', here), 'http://[::1]:8001');
  t.regex(refusal(serverUrl, 'http://10.0.0.1') ?? '', /use https/);
  t.regex(refusal(serverUrl, '10.0.0.1:6443') ?? '', /not a URL of a kube-apiserver/);
  t.regex(refusal(serverUrl, 'ftp://10.0.0.1') ?? '', /not a URL of a kube-apiserver/);
});

test('a server without its scheme, or its brackets, is refused with how it is written', (t) => {
  for (const [text, meant] of [
    ['10.0.0.1:6443', 'https://10.0.0.1:6443'],
    ['cloud.example:6443', 'https://cloud.example:6443'],
    ['https://fd00::1:6443', 'https://[fd00::1]:6443'],
    ['fd00::1:6443', 'https://[fd00::1]:6443'],
    ['fd00::1', 'https://[fd00::1]:6443'],
    ['ftp://cloud.example', 'https://10.0.0.1:6443'],
  ] as const) {
    t.true(refusal(serverUrl, text)?.endsWith(`for example ${meant}`), `${text}: ${refusal(serverUrl, text)}`);
  }
  t.regex(refusal(nodeAddress, '169.254.2') ?? '', /IP or IP:PORT, for example 169\.254\.2\.1 or/);
});

test('a password in a server URL is refused without being repeated', (t) => {
  const message = refusal(serverUrl, 'https://me:hunter2@cloud.example') ?? '';
  t.regex(message, /credentials have their own options/);
  t.notRegex(message, /hunter2/);
});

test('names that cannot be a node or a subject are refused', (t) => {
  for (const text of ['edge-7', 'edge-7.example.net', '10-0-0-1', 'a'.repeat(63)])
    t.is(refusal(nodeName, text), undefined, text);
  for (const text of ['Edge-7', 'edge_7', '-a', 'a..b', 'a'.repeat(64), `${'a.'.repeat(127)}a`])
    t.truthy(refusal(nodeName, text), text);
  for (const text of ['edge-7', '10.0.0.1', 'fd00::1', '*.example.net'])
    t.is(refusal(subjectName, text), undefined, text);
  for (const text of ['a b', '*', '300.1.1.1.', 'edge_7']) t.truthy(refusal(subjectName, text), text);
});

test('a path is taken from where it was written, and ~ is the home directory', (t) => {
  t.is(path.parse('pki/ca.crt', here), '/srv/pki/ca.crt');
  t.is(path.parse('/etc/x', here), '/etc/x');
  t.is(path.parse('~/x', here), '/home/edge/x');
  t.is(path.parse('~', here), '/home/edge');
});

test('a choice names all its words when none fits', (t) => {
  t.is(choice('a', 'b').parse('b', here), 'b');
  t.regex(refusal(choice('a', 'b'), 'c') ?? '', /not one of a, b/);
});
