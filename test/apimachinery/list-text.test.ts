import test from 'ava';
import fc from 'fast-check';
import { listText } from '../support/list-text.ts';

const head = { kind: 'PodList', apiVersion: 'v1', resourceVersion: '7' };
const asItem = (text: string) => ({ body: Buffer.from(text), itemStart: 0 });

test('a list is written as the typed encoder of Go writes it', (t) => {
  t.is(
    listText(head, [asItem('{"a":1}'), asItem('{}')]).toString(),
    '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"a":1},{}]}\n',
  );
  t.is(
    listText({ ...head, continue: '' }, []).toString(),
    '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[]}\n',
  );
});

test('a list is the same text through blocks of any size, and its length is known before', (t) => {
  const shapes = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(shapes, fc.integer({ min: 1, max: 400 }), (given, blockBytes) => {
      const texts = given.map(([size], index) => `{"${index}":"${'y'.repeat(size)}"}`);
      const items = given.map(([, isTyped], index) => {
        const leftOut = isTyped ? '{"kind":"Pod","apiVersion":"v1",' : '';
        return { body: Buffer.from(leftOut + texts[index]!.slice(isTyped ? 1 : 0)), itemStart: leftOut.length };
      });
      t.is(
        listText(head, items, blockBytes).toString(),
        `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[${texts.join(',')}]}\n`,
      );
    }),
  );
});
