import test from 'ava';
import fc from 'fast-check';
import { escapeFieldValue, parseFieldSelector, selectName } from '../../src/apimachinery/field-selector.ts';
import { StatusError } from '../../src/apimachinery/status.ts';
import { expectRefusalsOnly } from '../support/selector-text.ts';

const matching: readonly [selector: string, fields: Record<string, string>, isSelected: boolean][] = [
  ['', {}, true],
  [',', {}, true],
  ['spec.nodeName=n', { 'spec.nodeName': 'n' }, true],
  ['spec.nodeName==n', { 'spec.nodeName': 'n' }, true],
  ['spec.nodeName=n', { 'spec.nodeName': 'm' }, false],
  ['spec.nodeName=', {}, true],
  ['spec.nodeName!=', {}, false],
  ['spec.clusterIP!=None', { 'spec.clusterIP': '10.0.0.1' }, true],
  ['spec.clusterIP!=None', { 'spec.clusterIP': 'None' }, false],
  ['a=b,c=d', { a: 'b', c: 'd' }, true],
  ['a=b,c=d', { a: 'b', c: 'e' }, false],
  ['a=b\\,c', { a: 'b,c' }, true],
  ['a=b\\=c', { a: 'b=c' }, true],
  ['a=b\\\\', { a: 'b\\' }, true],
  ['a=b\\\\,c=d', { a: 'b\\', c: 'd' }, true],
  ['a=b!c', { a: 'b!c' }, true],
  ['toString=', {}, true],
];

test('selectors select what apiserver would select', (t) => {
  for (const [selector, fields, isSelected] of matching) {
    t.is(parseFieldSelector(selector).matches(fields), isSelected, `'${selector}' on ${JSON.stringify(fields)}`);
  }
});

test('what apiserver would refuse is a 400 in its words', (t) => {
  const refused: readonly [string, RegExp][] = [
    ['a', /^invalid selector: 'a'; can't understand 'a'$/],
    ['a=b,c', /^invalid selector: 'a=b,c'; can't understand 'c'$/],
    ['!=', /can't understand '!='$/],
    ['==x', /can't understand '==x'$/],
    ['a=b=c', /unescaped character in value: =/],
    ['a=\\x', /invalid escape sequence: \\x/],
    ['a=\\', /invalid escape sequence: \\$/],
  ];
  for (const [selector, message] of refused) {
    const error = t.throws(() => parseFieldSelector(selector), { instanceOf: StatusError, message }, selector);
    t.is(error?.status.code, 400, selector);
  }
});

test('a required metadata.name is known as the exact name', (t) => {
  const names: readonly [string, string | undefined][] = [
    ['metadata.name=x', 'x'],
    ['spec.a=b,metadata.name==x', 'x'],
    ['metadata.name!=x', undefined],
    ['metadata.name=', undefined],
    ['metadata.namespace=x', undefined],
    ['', undefined],
  ];
  for (const [selector, name] of names) t.is(parseFieldSelector(selector).exactName, name, selector);
});

const field = fc.stringMatching(/^[a-zA-Z.]{1,8}$/);
const term = fc.tuple(field, fc.constantFrom('=', '==', '!='), fc.string());

test('any text survives as a value, and the canonical text means the same', (t) => {
  fc.assert(
    fc.property(fc.array(term, { minLength: 1, maxLength: 4 }), (terms) => {
      const text = terms.map(([key, operator, value]) => key + operator + escapeFieldValue(value)).join(',');
      const parsed = parseFieldSelector(text);
      for (const [key, operator, value] of terms) {
        const wanted = operator === '!=' ? '!=' : '=';
        const found = parsed.requirements.find(
          (one) => one.field === key && one.operator === wanted && one.value === value,
        );
        t.truthy(found, text);
      }
      t.is(parseFieldSelector(parsed.toString()).toString(), parsed.toString());
    }),
  );
});

test('no text makes the parser fail with anything but a 400', (t) => {
  t.notThrows(() => expectRefusalsOnly(parseFieldSelector, ['a', '=', '!', ',', '\\', 'metadata.name', '\n']));
});

test('selecting by any name is what its escaped text selects', (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, other) => {
      const byName = selectName(name);
      const byText = parseFieldSelector(`metadata.name=${escapeFieldValue(name)}`);
      t.is(byName.toString(), byText.toString());
      t.deepEqual(byName.requirements, byText.requirements);
      t.is(byName.exactName, byText.exactName);
      t.true(byName.matches({ 'metadata.name': name }));
      t.is(byName.matches({ 'metadata.name': other }), name === other);
    }),
  );
});
