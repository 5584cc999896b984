import test from 'ava';
import fc from 'fast-check';
import {
  apiVersionOf,
  gvrKey,
  MalformedGvrKeyError,
  parseGvrKey,
} from '../../src/apimachinery/group-version-resource.ts';

const word = fc.stringMatching(/^[a-z][a-z0-9.-]{0,12}$/);

test('a key names the resource as people write it', (t) => {
  t.is(gvrKey({ group: '', version: 'v1', resource: 'pods' }), 'v1/pods');
  t.is(gvrKey({ group: 'apps', version: 'v1', resource: 'deployments' }), 'apps/v1/deployments');
});

test('keys and resources translate back and forth without loss', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.constant(''), word), word, word, (group, version, resource) => {
      t.deepEqual(parseGvrKey(gvrKey({ group, version, resource })), { group, version, resource });
    }),
  );
});

test('what names no resource is refused', (t) => {
  for (const key of ['', 'pods', '/pods', 'v1/', 'a/b/c/d', 'apps//deployments', '/v1/pods']) {
    t.throws(() => parseGvrKey(key), { instanceOf: MalformedGvrKeyError, code: 'MALFORMED_GVR_KEY' }, key);
  }
});

test('the apiVersion of the core group has no slash', (t) => {
  t.is(apiVersionOf({ group: '', version: 'v1', resource: 'pods' }), 'v1');
  t.is(apiVersionOf({ group: 'apps', version: 'v1', resource: 'deployments' }), 'apps/v1');
});
