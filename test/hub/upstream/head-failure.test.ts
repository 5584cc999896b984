import test from 'ava';
import fc from 'fast-check';
import { headFailure } from '../../../src/hub/upstream/head-failure.ts';

const fromApiserver = { 'audit-id': 'a', 'content-type': 'application/json' };

test('only a 401 of the apiserver to a credential of the node itself is the refusal of it', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom(200, 201, 400, 401, 403, 404, 409, 410, 422, 429, 500),
      fc.constantFrom('node' as const, 'bearer' as const),
      fc.boolean(),
      fc.boolean(),
      (statusCode, credential, hasNodeCredential, isApiserver) => {
        const headers = isApiserver ? fromApiserver : { 'content-type': 'text/html' };
        const failure = headFailure({ statusCode, headers }, { credential, hasNodeCredential }) as
          | { code?: string }
          | undefined;
        const isRefusal = statusCode === 401 && credential === 'node' && hasNodeCredential && isApiserver;
        t.is(failure?.code, isRefusal ? 'HOLDFAST_CREDENTIAL_REFUSED' : undefined);
      },
    ),
  );
});
