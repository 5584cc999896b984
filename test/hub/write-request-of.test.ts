// What is read out of the request of a write.
import test from 'ava';
import { parseRequestInfo } from '../../src/apimachinery/request-info.ts';
import { StatusError } from '../../src/apimachinery/status.ts';
import { type WriteParts, writeRequestOf } from '../../src/hub/write-request-of.ts';

const maps = '/api/v1/namespaces/default/configmaps';

function read(target: string, parts: Partial<Omit<WriteParts, 'info'>> & { readonly method?: string } = {}) {
  const { method = 'POST', ...rest } = parts;
  const info = parseRequestInfo(method, target);
  return writeRequestOf({
    info,
    kind: 'ConfigMap',
    contentType: 'application/json',
    userAgent: 'kubectl/v1',
    body: Buffer.from('{}'),
    ...rest,
  });
}

function codeOf(ask: () => unknown): number {
  try {
    ask();
  } catch (error) {
    if (error instanceof StatusError) return error.status.code;
    throw error;
  }
  return 200;
}

test('a body in protobuf that cannot be read is its sender’s fault, or the cloud’s to read: never a 500', (t) => {
  const contentType = 'application/vnd.kubernetes.protobuf';
  const magic = [0x6b, 0x38, 0x73, 0x00];
  const codes = [[0x6b], [...magic, 0x0a, 0xff, 0xff], [...magic, 0x2a, 0x00]].map((bytes) =>
    codeOf(() => read(maps, { contentType, body: Buffer.from(bytes) })),
  );
  t.deepEqual(codes, [400, 400, 503]);
  const ofNobody = () => read(maps, { contentType, body: Buffer.from(magic), kind: 'Widget' });
  t.is(codeOf(ofNobody), 415);
});

test('options that the cloud would refuse are refused here, so that no write is parked for them', (t) => {
  const refused = ['fieldManager=%01', `fieldManager=${'x'.repeat(129)}`, 'fieldValidation=Nope'];
  for (const query of refused)
    t.is(
      codeOf(() => read(`${maps}?${query}`)),
      422,
      query,
    );
  for (const query of ['fieldManager=a%20b', `fieldManager=${'x'.repeat(128)}`, 'fieldValidation=Strict']) {
    t.is(
      codeOf(() => read(`${maps}?${query}`)),
      200,
      query,
    );
  }
  t.is(
    codeOf(() => read(`${maps}/web?gracePeriodSeconds=soon`, { method: 'DELETE' })),
    400,
  );
});

test('who names no field manager is known by the User-Agent, as far as one may be named', (t) => {
  const managerOf = (userAgent: string) => read(maps, { userAgent }).query.fieldManager;
  t.is(managerOf('kubectl/v1.35.0 (linux)'), 'kubectl');
  t.is(managerOf(`${'x'.repeat(200)}/1`), 'x'.repeat(128));
  t.is(managerOf('a\tb c/1'), 'ab c');
  t.is(read(`${maps}?fieldManager=`).query.fieldManager, 'kubectl');
});

test('a patch of a type that nobody reads is 415, also where JavaScript has a word of that name', (t) => {
  for (const contentType of ['application/json', 'constructor', '__proto__', '']) {
    const code = codeOf(() => read(`${maps}/web`, { method: 'PATCH', contentType }));
    t.is(code, 415, contentType);
  }
});

test('what stands twice in a body is counted, unless the client does not want to hear of it', (t) => {
  const body = Buffer.from('{"data":{"a":"1","a":"2"}}');
  for (const query of ['', '?fieldValidation=Warn', '?fieldValidation=Strict']) {
    t.deepEqual(read(`${maps}${query}`, { body }).duplicates, ['data.a'], query);
  }
  t.is(read(`${maps}?fieldValidation=Ignore`, { body }).duplicates, undefined);
  const contentType = 'application/merge-patch+json';
  t.deepEqual(read(`${maps}/web`, { method: 'PATCH', body, contentType }).duplicates, ['data.a']);
});
