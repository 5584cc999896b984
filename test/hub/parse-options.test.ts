import test from 'ava';
import { checkRunnable, namesCluster } from '../../src/hub/hub-config.ts';
import { environmentName, fileKey } from '../../src/hub/option.ts';
import { type HubConfig, options } from '../../src/hub/options.ts';
import { namedConfigurationFile, parseOptions, UsageError, type Written } from '../../src/hub/parse-options.ts';

const surroundings = { directory: '/srv', homeDirectory: '/home/edge', hostName: 'Edge-7', isRoot: false };
const nothing: Written = { flags: [], environment: {} };
const parse = (written: Partial<Written>): HubConfig => parseOptions(options, { ...nothing, ...written }, surroundings);
const problems = (work: () => unknown): readonly string[] => {
  try {
    work();
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
};
const file = (content: unknown) => ({ path: '/etc/holdfast/config.yaml', directory: '/etc/holdfast', content });

test('with nothing written every option has its default', (t) => {
  const config = parse({});
  t.deepEqual(config.listen, [{ host: '127.0.0.1', port: 10268 }]);
  t.deepEqual(config.admin, { host: '127.0.0.1', port: 10267 });
  t.is(config.insecureLoopback, undefined);
  t.is(config.nodeName, 'edge-7');
  t.is(config.dataDir, '/home/edge/.local/share/holdfast');
  t.is(config.scopeLingerMs, 3_600_000);
  t.is(parseOptions(options, nothing, { ...surroundings, isRoot: true }).dataDir, '/var/lib/holdfast');
});

test('the configuration is frozen, its lists too', (t) => {
  const config = parse({});
  t.true(Object.isFrozen(config));
  t.true(Object.isFrozen(config.listen));
});

test('flags win over the environment, the environment over the file, the file over the defaults', (t) => {
  const written = {
    flags: ['--log-level', 'error'],
    environment: { HOLDFAST_LOG_LEVEL: 'warn', HOLDFAST_NODE_NAME: 'from-environment' },
    file: file({ logLevel: 'debug', nodeName: 'from-file', logFormat: 'text' }),
  };
  const config = parse(written);
  t.is(config.logLevel, 'error');
  t.is(config.nodeName, 'from-environment');
  t.is(config.logFormat, 'text');
  t.is(config.initialSync, 'auto');
});

test('a repeated flag collects, a single one takes the last, commas separate', (t) => {
  const config = parse({
    flags: ['--listen', '127.0.0.1:1', '--listen=[::1]:2', '--log-level', 'warn', '--log-level', 'error'],
    environment: { HOLDFAST_SERVER: 'https://a.example, https://b.example' },
  });
  t.deepEqual(config.listen, [
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 2 },
  ]);
  t.is(config.logLevel, 'error');
  t.deepEqual(config.servers, ['https://a.example', 'https://b.example']);
});

test('paths are relative to the place they were written in', (t) => {
  const config = parse({ flags: ['--client-key', 'node.key'], file: file({ clientCertificate: 'node.crt' }) });
  t.is(config.clientKey, '/srv/node.key');
  t.is(config.clientCertificate, '/etc/holdfast/node.crt');
});

test('an unknown flag, variable or key is refused with the name it is nearest to', (t) => {
  const found = problems(() =>
    parse({
      flags: ['--kubconfig', 'x', 'y'],
      environment: { HOLDFAST_NODENAME: 'x', HOLDFAST_XYZZY: 'x', HOME: '/root' },
      file: file({ 'data-dir': '/x' }),
    }),
  );
  t.deepEqual(found, [
    '--kubconfig: no such option; did you mean --kubeconfig?',
    '"y": no such argument here; options start with --',
    'HOLDFAST_NODENAME: no such environment variable; did you mean HOLDFAST_NODE_NAME?',
    'HOLDFAST_XYZZY: no such environment variable; `holdfast run --help` lists them',
    '/etc/holdfast/config.yaml: data-dir: no such key; did you mean dataDir?',
  ]);
});

test('every bad value is named with the place it stands in, all at once', (t) => {
  const found = problems(() =>
    parse({
      flags: ['--listen', 'here', '--scope-linger=1'],
      environment: { HOLDFAST_ADMIN: '127.0.0.1:99999' },
      file: file({ logLevel: 'loud', nodeName: null, server: [{}], tokenFile: ['a', 'b'], config: 'other.yaml' }),
    }),
  );
  for (const start of [
    '--listen: "here"',
    '--scope-linger: "1"',
    'HOLDFAST_ADMIN: port 99999',
    '/etc/holdfast/config.yaml: logLevel: "loud" is not one of debug, info, warn, error',
    '/etc/holdfast/config.yaml: nodeName: has no value',
    '/etc/holdfast/config.yaml: server: must be a list of texts',
    '/etc/holdfast/config.yaml: tokenFile: must be one text',
    '/etc/holdfast/config.yaml: config: no such key',
  ]) {
    t.true(
      found.some((problem) => problem.startsWith(start)),
      `${start} in\n${found.join('\n')}`,
    );
  }
  t.is(found.length, 8);
});

test('a flag without its value is refused, and does not eat the next flag', (t) => {
  t.regex(problems(() => parse({ flags: ['--token-file'] }))[0] ?? '', /^--token-file: needs a value \(FILE\)/);
  t.regex(
    problems(() => parse({ flags: ['--token-file', '--node-name', 'a'] }))[0] ?? '',
    /^--token-file: needs a value/,
  );
  t.regex(problems(() => parse({ flags: ['--node-name='] }))[0] ?? '', /^--node-name: the value is empty/);
  t.is(parse({ flags: ['--token-file=--odd'] }).tokenFile, '/srv/--odd');
});

test('what Kubernetes writes beside a Service called holdfast is not taken for a setting', (t) => {
  const environment = {
    HOLDFAST_SERVICE_HOST: '10.96.0.7',
    HOLDFAST_SERVICE_PORT: '10268',
    HOLDFAST_SERVICE_PORT_HTTPS: '10268',
    HOLDFAST_PORT: 'tcp://10.96.0.7:10268',
    HOLDFAST_PORT_10268_TCP: 'tcp://10.96.0.7:10268',
    HOLDFAST_PORT_10268_TCP_ADDR: '10.96.0.7',
    HOLDFAST_ADMIN_SERVICE_HOST: '10.96.0.8',
    HOLDFAST_TEST_SEED: '1',
  };
  t.deepEqual(parse({ environment }), parse({}));
});

test('an empty environment variable is the same as none', (t) => {
  t.deepEqual(parse({ environment: { HOLDFAST_SERVER: '', HOLDFAST_CONFIG: '' } }), parse({}));
  t.is(namedConfigurationFile({ flags: [], environment: { HOLDFAST_CONFIG: '' } }), undefined);
});

test('the configuration file is named by flag or environment', (t) => {
  t.is(namedConfigurationFile({ flags: ['--config', 'a'], environment: { HOLDFAST_CONFIG: 'b' } }), 'a');
  t.is(namedConfigurationFile({ flags: ['--config=a'], environment: {} }), 'a');
  t.is(namedConfigurationFile({ flags: [], environment: { HOLDFAST_CONFIG: 'b' } }), 'b');
});

test('a file that is not a mapping is refused; an empty one says nothing', (t) => {
  t.regex(
    problems(() => parse({ file: file(['a']) }))[0] ?? '',
    /config\.yaml: is not a list of "key: value" settings/,
  );
  t.deepEqual(parse({ file: file(null) }), parse({}));
});

test('settings that contradict each other are refused, and so is a daemon without a cluster', (t) => {
  t.regex(
    problems(() => checkRunnable(parse({})))[0] ?? '',
    /^no cluster is given: say --kubeconfig FILE or --server URL/,
  );
  t.false(namesCluster(parse({})));
  t.notThrows(() => checkRunnable(parse({ flags: ['--kubeconfig', 'x'] })));
  const flags = ['--server', 'https://a.example', '--client-key', 'k', '--listen', '127.0.0.1:10267'];
  const found = problems(() => checkRunnable(parse({ flags })));
  t.regex(found.join('\n'), /--client-key: needs its certificate/);
  t.regex(found.join('\n'), /--admin: 127\.0\.0\.1:10267 is already taken by --listen/);
  t.notThrows(() =>
    checkRunnable(parse({ flags: ['--kubeconfig', 'x', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'] })),
  );
});

test('every option has its own flag, variable and key', (t) => {
  const rows = Object.values(options);
  t.is(new Set(rows.map(environmentName)).size, rows.length);
  t.is(new Set(rows.map(fileKey)).size, rows.length);
  t.is(fileKey(options.config), undefined, 'a file cannot name another one');
  t.is(environmentName(options.dataDir), 'HOLDFAST_DATA_DIR');
  t.is(fileKey(options.insecureLoopback), 'insecureLoopback');
});
