// Bodies in which a member stands twice: the kube-apiserver's answers beside ours, message and all.
import test from 'ava';
import { parseRequestInfo } from '../../src/apimachinery/request-info.ts';
import { StatusError } from '../../src/apimachinery/status.ts';
import { computeWrite } from '../../src/cache/writes/compute-write.ts';
import { fieldWarnings } from '../../src/cache/writes/strict-problems.ts';
import { writeRequestOf } from '../../src/hub/write-request-of.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';

let plane: ControlPlane;
const maps = '/api/v1/namespaces/strict/configmaps';

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  plane = await startControlPlane();
  await plane.createNamespace('strict');
  await plane.admin.expect('POST', maps, { metadata: { name: 'one' }, data: { a: '0' } });
});
test.after.always(() => plane?.stop());

const head = '"kind":"ConfigMap","apiVersion":"v1"';
const bodies: readonly (readonly [method: string, contentType: string, body: string])[] = [
  [
    'POST',
    'application/json',
    `{${head},"metadata":{"name":"new","name":"other"},"data":{"a":"1","b":"2","a":"3","a":"4"}}`,
  ],
  [
    'POST',
    'application/json',
    `{${head},"kind":"ConfigMap","metadata":{"name":"other","labels":{"x.y/z":"1","x.y/z":"2"}}}`,
  ],
  ['POST', 'application/json', `{${head},"metadata":{"name":"größe"},"data":{"größe":"1","größe":"2"}}`],
  ['PUT', 'application/json', `{${head},"metadata":{"name":"one"},"data":{"a":"1","a":"2"}}`],
  ['PATCH', 'application/merge-patch+json', '{"data":{"a":"1","a":"2"},"data":{"a":"3"}}'],
  ['PATCH', 'application/strategic-merge-patch+json', '{"data":{"a":"1","a":"2"}}'],
  ['PATCH', 'application/json-patch+json', '[{"op":"replace","op":"replace","path":"/data/a","value":"7"}]'],
];

for (const [method, contentType, body] of bodies) {
  for (const validation of ['Strict', 'Warn', 'Ignore', '']) {
    test.serial(
      `${method} of ${body} with fieldValidation=${validation || 'nothing'} ends as on the real apiserver`,
      async (t) => {
        const target = `${maps}${method === 'POST' ? '' : '/one'}?fieldValidation=${validation}`;
        const present = await plane.admin.expect('GET', `${maps}/one`);
        const headers = { 'content-type': contentType };
        const theirs = await plane.admin.request(method, target, Buffer.from(body), { headers });
        const info = parseRequestInfo(method, target);
        const userAgent = 'holdfast-e2e';
        const request = writeRequestOf({ info, kind: 'ConfigMap', contentType, userAgent, body: Buffer.from(body) });
        const context = {
          resourceVersion: '9',
          now: '2026-01-01T00:00:00Z',
          newUid: () => 'uid',
          nameSuffix: () => 'bcdfg',
        };
        const known =
          method === 'POST' ? ({ state: 'absent' } as const) : ({ state: 'present', object: present } as const);
        const ours = answerOf(() => computeWrite(request, known, context));
        t.is(ours.code, theirs.status, theirs.raw.toString());
        // Of a patch the apiserver repeats the whole patch in front of it; of an object that is none it says more than we do.
        const words = method === 'PATCH' ? /strict decoding error: .*$/ : /^.*strict decoding error: .*$/;
        t.is(words.exec(ours.message)?.[0], words.exec(theirs.body.message ?? '')?.[0]);
        const told = fieldWarnings(request).map((one) => `299 - ${JSON.stringify(one)}`);
        if (theirs.status < 300) {
          t.is(Buffer.from(told.join(', ')).toString('latin1'), String(theirs.headers.warning ?? ''));
        }
        if (method === 'POST' && theirs.status === 201)
          await plane.admin.expect('DELETE', `${maps}/${theirs.body.metadata.name}`);
      },
    );
  }
}

function answerOf(compute: () => { readonly statusCode: number }): { readonly code: number; readonly message: string } {
  try {
    return { code: compute().statusCode, message: '' };
  } catch (error) {
    if (error instanceof StatusError) return { code: error.status.code, message: error.status.message };
    throw error;
  }
}
