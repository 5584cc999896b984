import test from 'ava';
import { headFailure } from '../../../src/hub/upstream/head-failure.ts';

const apiserver = { 'audit-id': 'a', 'content-type': 'application/json' };
const somebodyElse = { 'content-type': 'text/html' };
const apiBehind = { ...apiserver, 'x-kubernetes-pf-flowschema-uid': 'u' };

test('only a 401 of the apiserver to a credential of the node itself is the refusal of it', (t) => {
  for (const statusCode of [200, 201, 400, 401, 403, 404, 409, 410, 422, 429, 500]) {
    for (const credential of ['node', 'bearer'] as const) {
      for (const hasNodeCredential of [true, false]) {
        for (const headers of [apiserver, somebodyElse, apiBehind]) {
          const failure = headFailure({ statusCode, headers }, { credential, hasNodeCredential });
          const isRefusal = statusCode === 401 && credential === 'node' && hasNodeCredential && headers === apiserver;
          const code = failure !== undefined && 'code' in failure ? failure.code : undefined;
          t.is(code, isRefusal ? 'HOLDFAST_CREDENTIAL_REFUSED' : undefined, `${statusCode} ${credential}`);
        }
      }
    }
  }
});
