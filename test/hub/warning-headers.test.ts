import { validateHeaderValue } from 'node:http';
import test from 'ava';
import fc from 'fast-check';
import { warningHeaders } from '../../src/hub/warning-headers.ts';

test('whatever text is warned of fits into headers, and says what it says in UTF-8', (t) => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (texts) => {
      const { warning = [] } = warningHeaders(texts);
      for (const value of warning) t.notThrows(() => validateHeaderValue('warning', value));
    }),
  );
  const { warning } = warningHeaders(['duplicate field "data.größe"']);
  t.is(Buffer.from(warning![0]!, 'latin1').toString(), '299 - "duplicate field \\"data.größe\\""');
  t.is(warningHeaders([]).warning, undefined);
  const many = warningHeaders(Array.from({ length: 100 }, () => 'x'.repeat(1000))).warning!;
  t.true(many.length > 0 && many.join('').length <= 4096);
});
