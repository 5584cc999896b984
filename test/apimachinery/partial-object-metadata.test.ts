import test from 'ava';
import fc from 'fast-check';
import { MalformedObjectError } from '../../src/apimachinery/object.ts';
import { toPartialObjectMetadata } from '../../src/apimachinery/partial-object-metadata.ts';

test('the metadata is copied byte for byte, the rest stays away', (t) => {
  const metadata = '{ "name":"a","managedFields":[{"fieldsV1":{"f:x":{}}}],"generation":9007199254740993 }';
  for (const body of [
    `{"kind":"Pod","apiVersion":"v1","metadata":${metadata},"spec":{"metadata":{}}}`,
    `{"metadata":${metadata}}`,
    ` {"apiVersion":"e/v1","kind":"T","spec":{"metadata":1},"metadata":${metadata}}\n`,
  ]) {
    t.is(
      toPartialObjectMetadata(Buffer.from(body)).toString(),
      `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${metadata}}`,
    );
  }
});

test('any object yields JSON with its own metadata', (t) => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.dictionary(fc.string(), fc.jsonValue()),
      (rest, metadata) => {
        const object = { ...rest, metadata };
        const partial = JSON.parse(toPartialObjectMetadata(Buffer.from(JSON.stringify(object))).toString());
        t.deepEqual(partial.metadata, JSON.parse(JSON.stringify(metadata)));
        t.deepEqual(Object.keys(partial), ['kind', 'apiVersion', 'metadata']);
      },
    ),
  );
});

test('what carries no metadata is refused', (t) => {
  for (const body of ['{}', '{"metadata":null}', '{"metadata":[]}', '{"metadata":{', '[]', '']) {
    t.throws(() => toPartialObjectMetadata(Buffer.from(body)), { instanceOf: MalformedObjectError }, body);
  }
});
