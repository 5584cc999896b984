import test from 'ava';
import fc from 'fast-check';
import { parseLabelSelector } from '../../src/apimachinery/label-selector.ts';
import { StatusError } from '../../src/apimachinery/status.ts';
import { expectRefusalsOnly } from '../support/selector-text.ts';

const matching: readonly [selector: string, labels: Record<string, string>, isSelected: boolean][] = [
  ['', {}, true],
  ['', { a: 'b' }, true],
  ['a=b', { a: 'b' }, true],
  ['a==b', { a: 'b' }, true],
  ['a=b', { a: 'c' }, false],
  ['a=b', {}, false],
  ['a=', { a: '' }, true],
  ['a=', {}, false],
  ['a!=b', { a: 'c' }, true],
  ['a!=b', { a: 'b' }, false],
  ['a!=b', {}, true],
  ['a!=', {}, true],
  ['a', { a: '' }, true],
  ['a', {}, false],
  ['!a', {}, true],
  ['! a', { a: 'x' }, false],
  ['a in (b,c)', { a: 'c' }, true],
  ['a in (b, c)', { a: 'd' }, false],
  ['a in (b,c)', {}, false],
  ['a in ()', { a: '' }, true],
  ['a in (,b)', { a: '' }, true],
  ['a in (b,)', { a: '' }, true],
  ['a in (b,,c)', { a: '' }, true],
  ['a notin (b,c)', { a: 'd' }, true],
  ['a notin (b,c)', { a: 'c' }, false],
  ['a notin (b,c)', {}, true],
  ['in in (in,notin)', { in: 'notin' }, true],
  ['notin notin (in)', { notin: 'in' }, false],
  ['in=in', { in: 'in' }, true],
  ['n>1', { n: '2' }, true],
  ['n > 1', { n: '1' }, false],
  ['n<1', { n: '0' }, true],
  ['n>9007199254740992', { n: '9007199254740993' }, true],
  ['n>1', { n: 'two' }, false],
  ['n>1', { n: '9223372036854775808' }, false],
  ['n>1', {}, false],
  ['example.com/a=b,c', { 'example.com/a': 'b', c: '' }, true],
  ['example.com/a=b,c', { 'example.com/a': 'b' }, false],
  [' a = b , c ', { a: 'b', c: 'd' }, true],
  ['constructor', {}, false],
  ['!toString', {}, true],
];

test('selectors select what apiserver would select', (t) => {
  for (const [selector, labels, isSelected] of matching) {
    t.is(parseLabelSelector(selector).matches(labels), isSelected, `'${selector}' on ${JSON.stringify(labels)}`);
  }
});

const refused: readonly [selector: string, message: RegExp][] = [
  ['a=b,', /^found '', expected: identifier after ','$/],
  [',a', /^found ',', expected: !, identifier, or 'end of string'$/],
  ['=a', /^found '=', expected: !, identifier, or 'end of string'$/],
  ['a b', /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/],
  ['a in b', /^unable to parse requirement: found 'b', expected: '\('$/],
  ['a in (b', /^unable to parse requirement: found '', expected: ',' or '\)'$/],
  ['a in (b c)', /^unable to parse requirement: found 'c', expected: ',' or '\)'$/],
  ['a in (=)', /^unable to parse requirement: found '=', expected: ',' or '\)'$/],
  ['a=b c', /^found 'c', expected: ',' or 'end of string'$/],
  ['a=(', /^unable to parse requirement: found '\(', expected: identifier$/],
  ['!', /^unable to parse requirement: found '', expected: identifier$/],
  ['!!a', /^unable to parse requirement: found '!', expected: identifier$/],
  ['!a=b', /^found '=', expected: ',' or 'end of string'$/],
  ['a=!', /expected: identifier$/],
  ['n>', /the value must be an integer$/],
  ['n>x', /"x": for 'Gt', 'Lt' operators, the value must be an integer$/],
  ['n>-1', /must be an empty string or consist of/],
  ['-a', /Invalid value: "-a": name part must consist of/],
  ['a/b/c', /a qualified name must consist of/],
  ['/a', /prefix part must be non-empty/],
  ['Up/a', /prefix part a lowercase RFC 1123 subdomain/],
  [`${'p'.repeat(254)}/a`, /prefix part must be no more than 253 bytes/],
  ['a/', /name part must be non-empty/],
  ['a'.repeat(64), /name part must be no more than 63 bytes/],
  ['ü', /name part must consist of/],
  ['a\u0000b', /name part must consist of/],
  ['a=-x', /values\[0\]\[a\]: Invalid value: "-x": a valid label must be an empty string or consist of/],
  [`a=${'x'.repeat(64)}`, /must be no more than 63 bytes/],
  ['a in (x,y_,z-)', /^unable to parse requirement: \[values\[1\]\[a\].*values\[2\]\[a\]/],
];

test('what apiserver would refuse is a 400 in its words', (t) => {
  for (const [selector, message] of refused) {
    const error = t.throws(() => parseLabelSelector(selector), { instanceOf: StatusError, message }, selector);
    t.is(error?.status.code, 400, selector);
  }
});

test('two spellings of one selector have one text', (t) => {
  const spellings: readonly [string, string][] = [
    ['a==b', 'a=b'],
    ['a in (b)', 'a=b'],
    ['a notin (b)', 'a!=b'],
    ['a in (c,b,c)', 'a in (b,c)'],
    ['b,a', 'a,b'],
    ['a,a', 'a'],
    ['a=b,a==b', 'a=b'],
    ['a in ()', 'a='],
    [' a  in ( b , c ) ', 'a in (b,c)'],
  ];
  for (const [given, canonical] of spellings) t.is(parseLabelSelector(given).toString(), canonical, given);
});

const name = fc.stringMatching(/^[a-z]([a-z0-9._-]{0,4}[a-z0-9])?$/);
const key = fc.oneof(
  name,
  fc.tuple(name, name).map(([prefix, rest]) => `${prefix.replace(/[._-]/g, '')}.io/${rest}`),
);
const value = fc.oneof(fc.constant(''), name);
const values = fc.array(value, { minLength: 1, maxLength: 4 });
const requirement = fc.oneof(
  fc.tuple(key, fc.constantFrom('=', '==', '!='), value).map((parts) => parts.join('')),
  fc.tuple(key, fc.constantFrom('in', 'notin'), values).map(([k, op, list]) => `${k} ${op} (${list.join(',')})`),
  fc.tuple(key, fc.constantFrom('<', '>'), fc.nat()).map((parts) => parts.join('')),
  key,
  key.map((k) => `!${k}`),
);
const selector = fc.array(requirement, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(','));
const labels = fc.dictionary(fc.oneof(key, fc.constantFrom('a', 'b')), fc.oneof(value, fc.nat().map(String)));

test('the canonical text means the same and is its own canonical text', (t) => {
  fc.assert(
    fc.property(selector, labels, (text, given) => {
      const parsed = parseLabelSelector(text);
      const again = parseLabelSelector(parsed.toString());
      t.is(again.toString(), parsed.toString());
      t.is(again.matches(given), parsed.matches(given));
    }),
  );
});

test('the order of requirements does not matter', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(requirement, { minLength: 1, maxLength: 5 }), (parts) => {
      t.is(
        parseLabelSelector(parts.join(',')).toString(),
        parseLabelSelector([...parts].reverse().join(',')).toString(),
      );
    }),
  );
});

test('no text makes the parser fail with anything but a 400', (t) => {
  t.notThrows(() =>
    expectRefusalsOnly(parseLabelSelector, [
      'a',
      'in',
      'notin',
      '(',
      ')',
      ',',
      '=',
      '!',
      '<',
      '>',
      ' ',
      '1',
      '/',
      '\t',
      'é',
    ]),
  );
});
