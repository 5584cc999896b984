import test from 'ava';
import type { JsonObject } from '../../../../src/apimachinery/json.ts';
import {
  absent,
  compute,
  configMaps,
  creation,
  isRefused,
  objectOf,
  patch,
  present,
  secrets,
  update,
} from '../../../support/offline-write.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const named = (content: JsonObject) => ({ metadata: { name: 'one' }, ...content });

test('an immutable ConfigMap or Secret keeps its data and its word; its labels may change', (t) => {
  for (const kind of [configMaps, secrets]) {
    const type = kind === secrets ? { type: 'Opaque' } : {};
    const fixed = present(objectOf(kind, {}, { immutable: true, data: { a: base64('1') }, ...type }));
    isRefused(t, 422, patch(kind, { data: { a: base64('2') } }), fixed, ['data']);
    isRefused(t, 422, patch(kind, { data: null }), fixed, ['data']);
    isRefused(t, 422, patch(kind, { immutable: false }), fixed, ['immutable']);
    isRefused(t, 422, patch(kind, { immutable: null }), fixed, ['immutable']);
    t.is(compute(patch(kind, { metadata: { labels: { a: 'b' } } }), fixed).op, 'update');
  }
});

test('an empty map where nothing was is a change of what is immutable, as in the cloud', (t) => {
  const map = present(objectOf(configMaps, {}, { immutable: true }));
  isRefused(t, 422, patch(configMaps, { binaryData: {} }), map, ['binaryData']);
  t.is(compute(patch(configMaps, { data: {} }), map).op, 'none', 'the data of a ConfigMap is {} by default');
  const secret = present(objectOf(secrets, {}, { immutable: true, type: 'Opaque' }));
  isRefused(t, 422, patch(secrets, { data: {} }), secret, ['data']);
});

test('a ConfigMap holds a megabyte under keys that can be names of files, and no key twice', (t) => {
  isRefused(t, 422, creation(configMaps, named({ data: { 'a/b': '' } })), absent, ['data[a/b]']);
  isRefused(t, 422, creation(configMaps, named({ binaryData: { '..': '' } })), absent, ['binaryData[..]']);
  const both = { data: { a: '' }, binaryData: { a: base64('x') } };
  isRefused(t, 422, creation(configMaps, named(both)), absent, ['data[a]']);
  const half = 'x'.repeat(512 * 1024);
  const full = { data: { a: half }, binaryData: { b: base64(half) } };
  t.is(compute(creation(configMaps, named(full)), absent).op, 'create');
  isRefused(t, 422, creation(configMaps, named({ ...full, data: { a: `${half}x` } })), absent, ['[]']);
  isRefused(t, 400, creation(configMaps, named({ binaryData: { a: 'no base64!' } })), absent);
});

test('stringData of a Secret goes into its data, over what stands there, and is not shown', (t) => {
  const secret = objectOf(secrets, {}, { data: { a: base64('old'), b: base64('kept') }, type: 'Opaque' });
  const { after } = compute(patch(secrets, { stringData: { a: 'new', c: 'ü' } }), present(secret));
  t.deepEqual(after?.data, { a: base64('new'), b: base64('kept'), c: base64('ü') });
  t.false('stringData' in after!);
});

test('the type of a Secret is Opaque unless it says otherwise, and stays', (t) => {
  t.is(compute(creation(secrets, named({})), absent).after?.type, 'Opaque');
  const own = objectOf(secrets, {}, { type: 'example.com/own' });
  isRefused(t, 422, patch(secrets, { type: 'Opaque' }), present(own), ['type']);
  isRefused(t, 422, update(secrets, named({ data: { a: '' } })), present(own), ['type']);
  t.is(compute(patch(secrets, { data: { a: '' } }), present(own)).after?.type, 'example.com/own');
});

test('a Secret of a known type has what its readers expect', (t) => {
  const refuses = (type: string, data: JsonObject, field: string) =>
    isRefused(t, 422, creation(secrets, named({ type, data })), absent, [field]);
  refuses('kubernetes.io/tls', { 'tls.crt': base64('x') }, 'data[tls.key]');
  refuses('kubernetes.io/basic-auth', {}, 'data[username]');
  refuses('kubernetes.io/ssh-auth', { 'ssh-privatekey': '' }, 'data[ssh-privatekey]');
  refuses('kubernetes.io/dockercfg', { '.dockercfg': base64('[]') }, 'data[.dockercfg]');
  refuses('kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('no') }, 'data[.dockerconfigjson]');
  refuses('kubernetes.io/service-account-token', {}, 'metadata.annotations[kubernetes.io/service-account.name]');
  for (const [type, data] of [
    ['kubernetes.io/tls', { 'tls.crt': '', 'tls.key': '' }],
    ['kubernetes.io/basic-auth', { username: base64('me') }],
    ['kubernetes.io/dockerconfigjson', { '.dockerconfigjson': base64('{}') }],
  ] as const) {
    t.is(compute(creation(secrets, named({ type, data })), absent).op, 'create', type);
  }
});

test('no refusal repeats what a Secret says', (t) => {
  const request = creation(
    secrets,
    named({ type: 'kubernetes.io/dockercfg', data: { '.dockercfg': base64('hunter2') } }),
  );
  const error = t.throws(() => compute(request, absent));
  t.notRegex(JSON.stringify(error), /hunter2|aHVudGVyMg/);
});
