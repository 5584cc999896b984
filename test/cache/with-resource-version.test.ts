import test from 'ava';
import fc from 'fast-check';
import { readListItem, readObject } from '../../src/apimachinery/object.ts';
import { withResourceVersion } from '../../src/cache/with-resource-version.ts';
import { itemText } from '../support/list-text.ts';
import { pod, podList, pods } from '../support/sample-objects.ts';

const widgets = { group: 'example.com', version: 'v1', resource: 'widgets' };

test('only the bytes of the version change', (t) => {
  const object = pod({ name: 'a', version: 5, labels: { resourceVersion: '5' } });
  const changed = withResourceVersion(object, '12345');
  t.is(changed.resourceVersion, '12345');
  t.is(changed.body.toString(), object.body.toString().replace('"resourceVersion":"5"', '"resourceVersion":"12345"'));
  t.is(object.resourceVersion, '5');
});

test('the version found is the one in metadata, wherever the same text stands elsewhere', (t) => {
  const nasty = [
    // A custom resource: keys sorted, annotations before the version.
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"annotations":{"resourceVersion":"5","kubectl.kubernetes.io/last-applied-configuration":"{\\"metadata\\":{\\"resourceVersion\\":\\"5\\"}}"},"name":"a","resourceVersion":"5","uid":"u"},"spec":{"resourceVersion":"5"}}`,
    // The spec stands before the metadata.
    `{"kind":"Widget","apiVersion":"example.com/v1","data":{"metadata":{"resourceVersion":"5"}},"metadata":{"labels":{"resourceVersion":"5"},"resourceVersion":"5","name":"a"}}`,
    // Blanks, as a pretty printer leaves them.
    `{"kind": "Widget", "apiVersion": "example.com/v1", "metadata": { "name": "a", "resourceVersion" : "5" } }`,
  ];
  for (const text of nasty) {
    const changed = withResourceVersion(readObject(widgets, Buffer.from(text)), '77');
    const expected = JSON.parse(text);
    expected.metadata.resourceVersion = '77';
    t.deepEqual(JSON.parse(changed.body.toString()), expected);
  }
});

test('numbers that JavaScript cannot hold survive', (t) => {
  const text = `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"annotations":{"resourceVersion":"5"},"name":"a","resourceVersion":"5"},"spec":{"big":9007199254740993,"small":1.10}}`;
  const changed = withResourceVersion(readObject(widgets, Buffer.from(text)), '6');
  t.true(changed.body.toString().endsWith('"spec":{"big":9007199254740993,"small":1.10}}'));
});

test('the form inside a list changes with it', (t) => {
  const item = Buffer.from('{"metadata":{"name":"a","resourceVersion":"5"},"spec":{}}');
  const changed = withResourceVersion(readListItem(pods, item, podList), '6');
  t.is(itemText(changed).toString(), '{"metadata":{"name":"a","resourceVersion":"6"},"spec":{}}');
});

test('it is the same as changing the parsed object, for any annotations and labels', (t) => {
  const word = fc.string({
    unit: fc.constantFrom('resourceVersion', '"', '\\', ':', '5', '{', '}', 'metadata', 'é'),
    maxLength: 8,
  });
  fc.assert(
    fc.property(fc.dictionary(word, word), fc.dictionary(word, word), fc.jsonValue(), (annotations, labels, spec) => {
      const object = {
        kind: 'Widget',
        apiVersion: 'example.com/v1',
        spec,
        metadata: { annotations, labels, name: 'a', resourceVersion: '5' },
      };
      const changed = withResourceVersion(readObject(widgets, Buffer.from(JSON.stringify(object))), '6');
      object.metadata.resourceVersion = '6';
      t.is(changed.body.toString(), JSON.stringify(object));
    }),
    { numRuns: 500 },
  );
});
