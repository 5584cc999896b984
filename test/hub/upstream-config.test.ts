import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { KubeconfigError, type KubeconfigErrorCode } from '../../src/hub/kubeconfig.ts';
import { loadUpstreamConfig } from '../../src/hub/upstream-config.ts';
import { makeAuthority, makeCertificate } from './pki/test-certificates.ts';

const authority = makeAuthority('cluster-ca');
const own = makeCertificate('system:node:edge-1', { organizations: ['system:nodes'], issuer: authority.issuer });
const dayMs = 86_400_000;

async function directory(t: ExecutionContext, files: Readonly<Record<string, string | Buffer>> = {}) {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-kubeconfig-'));
  t.teardown(() => rm(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return path;
}

function kubeconfig(o: { cluster?: object; user?: object; top?: object } = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [
      { name: 'other', context: { cluster: 'far', user: 'me' } },
      { name: 'main', context: { cluster: 'here', user: 'me' } },
    ],
    clusters: [
      { name: 'far', cluster: { server: 'https://far:6443' } },
      { name: 'here', cluster: { server: 'https://10.0.0.1:6443/', ...o.cluster } },
    ],
    users: [{ name: 'me', user: { ...o.user } }],
    ...o.top,
  };
}

const embedded = {
  cluster: { 'certificate-authority-data': authority.cert.toString('base64') },
  user: { 'client-certificate-data': own.cert.toString('base64'), 'client-key-data': own.key.toString('base64') },
};

test('embedded certificates of the current context, from JSON', async (t) => {
  const path = await directory(t, { config: JSON.stringify(kubeconfig(embedded)) });
  const config = await loadUpstreamConfig({ kubeconfig: join(path, 'config') });
  t.deepEqual(config.servers, ['https://10.0.0.1:6443']);
  t.deepEqual(config.ca, authority.cert);
  t.deepEqual(config.clientCertificate, { cert: own.cert, key: own.key });
  t.is(config.user, 'system:node:edge-1');
  t.deepEqual(config.groups, ['system:nodes']);
  t.false(config.insecureSkipVerify);
  t.deepEqual(config.warnings, []);
});

test("kubelet's kubeconfig: YAML, files relative to it, certificate and key in one file", async (t) => {
  const path = await directory(t, {
    'kubelet.conf': `
apiVersion: v1
kind: Config
current-context: default
contexts: [{name: default, context: {cluster: default, user: default-auth}}]
clusters:
- name: default
  cluster: {server: "https://api.example:6443", certificate-authority: pki/ca.crt, tls-server-name: kube}
users:
- name: default-auth
  user:
    client-certificate: pki/kubelet-client-current.pem
    client-key: pki/kubelet-client-current.pem
`,
    'pki/ca.crt': authority.cert,
    'pki/kubelet-client-current.pem': Buffer.concat([own.cert, own.key]),
  });
  const config = await loadUpstreamConfig({ kubeconfig: join(path, 'kubelet.conf') });
  const pem = join(path, 'pki/kubelet-client-current.pem');
  t.deepEqual([...config.files.keys()], [join(path, 'pki/ca.crt'), pem]);
  t.is(config.serverName, 'kube');
  t.deepEqual(config.clientCertificate, { cert: own.cert, key: own.key });
});

test('flags alone, and flags that win over the kubeconfig', async (t) => {
  const path = await directory(t, {
    config: JSON.stringify(kubeconfig(embedded)),
    'ca.pem': authority.cert,
    'both.pem': Buffer.concat([own.key, own.cert]),
    token: ' abc.def \n',
  });
  const file = (name: string) => join(path, name);
  const alone = await loadUpstreamConfig({
    servers: ['https://a:1', 'https://b:2/prefix/'],
    certificateAuthority: file('ca.pem'),
    clientCertificate: file('both.pem'),
  });
  t.deepEqual(alone.servers, ['https://a:1', 'https://b:2/prefix']);
  t.deepEqual([...alone.files.keys()], [file('ca.pem'), file('both.pem')]);
  const mixed = await loadUpstreamConfig({
    kubeconfig: file('config'),
    servers: ['https://c:3'],
    tokenFile: file('token'),
  });
  t.deepEqual(mixed.servers, ['https://c:3']);
  t.deepEqual(mixed.ca, authority.cert);
  t.is(mixed.clientCertificate, undefined, 'a credential given by flag replaces those of the kubeconfig');
  t.is(mixed.token, 'abc.def');
  t.true(mixed.files.has(file('token')));
  const other = await loadUpstreamConfig({ kubeconfig: file('config'), context: 'other' });
  t.deepEqual(other.servers, ['https://far:6443']);
});

test('an expired certificate, a missing identity and an unverified server are warnings', async (t) => {
  const path = await directory(t, {
    config: JSON.stringify(kubeconfig(embedded)),
    nobody: JSON.stringify(kubeconfig({ cluster: { 'insecure-skip-tls-verify': true } })),
  });
  const warningsAt = async (nowMs: number) =>
    (await loadUpstreamConfig({ kubeconfig: join(path, 'config') }, () => nowMs)).warnings;
  t.regex((await warningsAt(Date.now() + 2 * dayMs))[0]!, /client-certificate-data in .*config.* expired at/);
  t.regex((await warningsAt(Date.now() - 3 * dayMs))[0]!, /valid from/);
  const nobody = await loadUpstreamConfig({ kubeconfig: join(path, 'nobody') });
  t.true(nobody.insecureSkipVerify);
  t.is(nobody.warnings.length, 2);
});

test('no message repeats a secret', async (t) => {
  const path = await directory(t, { config: 'users:\n- user: {token: very-secret\n  x: [' });
  const error = await t.throwsAsync(loadUpstreamConfig({ kubeconfig: join(path, 'config') }));
  t.false(`${error.message}${error.stack}${String(error.cause)}`.includes('very-secret'));
  t.regex(error.message, /line \d/);
});

interface Mistake {
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly config?: unknown;
  readonly code: KubeconfigErrorCode;
  readonly says: RegExp;
}

const badPem = Buffer.from('no pem').toString('base64');
const foreignKey = makeCertificate('x').key;

const mistakes: Readonly<Record<string, Mistake>> = {
  'an unknown context': {
    config: kubeconfig({ top: { 'current-context': 'nope' } }),
    code: 'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT',
    says: /no context "nope"; it has "other", "main"/,
  },
  'no current context': {
    config: kubeconfig({ top: { 'current-context': '' } }),
    code: 'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT',
    says: /use-context/,
  },
  'a context that leads to a missing user': {
    config: kubeconfig({ top: { users: null } }),
    code: 'HOLDFAST_KUBECONFIG_UNKNOWN_CONTEXT',
    says: /no user "me"; it has no users at all/,
  },
  'an exec plugin': {
    config: kubeconfig({ user: { exec: { command: 'aws' } } }),
    code: 'HOLDFAST_KUBECONFIG_UNSUPPORTED',
    says: /user "me" in .*exec plugin.*tokenFile/,
  },
  'an auth provider': {
    config: kubeconfig({ user: { 'auth-provider': { name: 'gcp' } } }),
    code: 'HOLDFAST_KUBECONFIG_UNSUPPORTED',
    says: /auth-provider/,
  },
  'a password': {
    config: kubeconfig({ user: { username: 'a', password: 'b' } }),
    code: 'HOLDFAST_KUBECONFIG_UNSUPPORTED',
    says: /basic auth/,
  },
  impersonation: {
    config: kubeconfig({ user: { as: 'root' } }),
    code: 'HOLDFAST_KUBECONFIG_UNSUPPORTED',
    says: /impersonates/,
  },
  'an authority and no verification at once': {
    config: kubeconfig({ cluster: { ...embedded.cluster, 'insecure-skip-tls-verify': true } }),
    code: 'HOLDFAST_KUBECONFIG_UNSUPPORTED',
    says: /contradict/,
  },
  'a certificate file that is missing': {
    config: kubeconfig({ user: { 'client-certificate': 'gone.pem' } }),
    code: 'HOLDFAST_KUBECONFIG_MISSING',
    says: /client certificate .*gone\.pem does not exist/,
  },
  'a directory in place of a file': {
    config: kubeconfig({ cluster: { 'certificate-authority': '.' } }),
    code: 'HOLDFAST_KUBECONFIG_UNREADABLE',
    says: /certificate authority .* is a directory: give the file in it/,
  },
  'a key that belongs to another certificate': {
    config: kubeconfig({ user: { ...embedded.user, 'client-key-data': foreignKey.toString('base64') } }),
    code: 'HOLDFAST_KUBECONFIG_CREDENTIAL',
    says: /do not belong together/,
  },
  'a certificate without a key': {
    config: kubeconfig({ user: { 'client-certificate-data': own.cert.toString('base64') } }),
    code: 'HOLDFAST_KUBECONFIG_CREDENTIAL',
    says: /client-certificate-data in .* holds no PEM block PRIVATE KEY/,
  },
  'an authority that is no PEM': {
    config: kubeconfig({ cluster: { 'certificate-authority-data': badPem } }),
    code: 'HOLDFAST_KUBECONFIG_CREDENTIAL',
    says: /certificate-authority-data in .* holds no PEM block CERTIFICATE/,
  },
  'data that is no base64': {
    config: kubeconfig({ cluster: { 'certificate-authority-data': '-----BEGIN' } }),
    code: 'HOLDFAST_KUBECONFIG_MALFORMED',
    says: /not base64/,
  },
  'an empty token file': {
    config: kubeconfig({ user: { tokenFile: 'token' } }),
    files: { token: '\n' },
    code: 'HOLDFAST_KUBECONFIG_CREDENTIAL',
    says: /token is empty/,
  },
  'a server that is no URL': {
    config: kubeconfig({ cluster: { server: '10.0.0.1:6443' } }),
    code: 'HOLDFAST_KUBECONFIG_MALFORMED',
    says: /server "10\.0\.0\.1:6443" is not an http\(s\) URL/,
  },
  'a cluster without a server': {
    config: kubeconfig({ cluster: { server: undefined } }),
    code: 'HOLDFAST_KUBECONFIG_MALFORMED',
    says: /leads to no server/,
  },
  'an empty file': { files: { config: '' }, code: 'HOLDFAST_KUBECONFIG_MALFORMED', says: /empty or not a mapping/ },
  'another kind of object': {
    files: { config: 'kind: Pod' },
    code: 'HOLDFAST_KUBECONFIG_MALFORMED',
    says: /holds a Pod/,
  },
  'a file that is not there': { code: 'HOLDFAST_KUBECONFIG_MISSING', says: /kubeconfig .*config does not exist/ },
};

for (const [what, mistake] of Object.entries(mistakes)) {
  test(`${what} stops the start with what, where and what to do`, async (t) => {
    const config = mistake.config === undefined ? {} : { config: JSON.stringify(mistake.config) };
    const path = await directory(t, { ...mistake.files, ...config });
    const error = await t.throwsAsync(loadUpstreamConfig({ kubeconfig: join(path, 'config') }), {
      instanceOf: KubeconfigError,
    });
    t.is((error as KubeconfigError).code, mistake.code);
    t.regex(error.message, mistake.says);
  });
}

test('no cluster at all is named with both ways to give one', async (t) => {
  await t.throwsAsync(loadUpstreamConfig({}), {
    code: 'HOLDFAST_KUBECONFIG_MISSING',
    message: /--kubeconfig FILE, or --server URL/,
  });
});
