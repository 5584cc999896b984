import { isIPv4, isIPv6 } from 'node:net';
import test from 'ava';
import fc from 'fast-check';
import { formatAddress, isAddress, isAddressText, parseAddress } from '../../src/ipam/address.ts';

const written = (text: string): string | undefined => {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
};

test('an address is written as Go writes it', (t) => {
  const spellings = {
    '10.1.2.2': '10.1.2.2',
    '255.255.255.255': '255.255.255.255',
    '2001:DB8:1:0:0:0:0:2': '2001:db8:1::2',
    '2001:db8:0:1:0:0:0:1': '2001:db8:0:1::1',
    '1:0:0:2:0:0:3:4': '1::2:0:0:3:4',
    '1:0:2:3:4:5:6:7': '1:0:2:3:4:5:6:7',
    '::': '::',
    '::1': '::1',
    '1::': '1::',
    '::ffff:10.0.0.1': '10.0.0.1',
    '::ffff:a00:1': '10.0.0.1',
    '64:ff9b::10.0.0.1': '64:ff9b::a00:1',
  };
  for (const [text, expected] of Object.entries(spellings)) t.is(written(text), expected, text);
});

test('what is no address is none', (t) => {
  for (const text of ['', '10.1.2', '10.1.2.256', '010.1.2.3', '10.1.2.3/24', 'fe80::1%eth0', ':::', 'x'])
    t.is(written(text), undefined, text);
});

test('every address is read as it was written', (t) => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
      fc.nat({ max: 7 }),
      fc.nat({ max: 8 }),
      (bits, from, length) => {
        const zeros = ((1n << BigInt(16 * length)) - 1n) << BigInt(16 * from);
        const value = bits & ~zeros & ((1n << 128n) - 1n);
        fc.pre(value >> 32n !== 0xffffn);
        t.deepEqual(parseAddress(formatAddress({ family: 6, value })), { family: 6, value });
      },
    ),
  );
  fc.assert(
    fc.property(fc.nat({ max: 0xffff_ffff }), (bits) => {
      t.deepEqual(parseAddress(formatAddress({ family: 4, value: BigInt(bits) })), { family: 4, value: BigInt(bits) });
    }),
  );
});

test('what is an address and what is none is what Node says', (t) => {
  const piece = fc.oneof(
    fc.constantFrom('0', '1', 'ffff', '00ab', '12345', '10.0.0.1', '256.1.1.1', '', 'g', '::', ':', '.', '01', '9'),
    fc.nat({ max: 300 }).map(String),
  );
  const text = fc
    .tuple(fc.constantFrom(':', '.', '::', ''), fc.array(piece, { maxLength: 9 }))
    .map(([by, all]) => all.join(by));
  fc.assert(
    fc.property(text, (some) => {
      t.is(parseAddress(some) !== undefined, isIPv4(some) || isIPv6(some), some);
      t.is(isAddress(some), isIPv4(some) || isIPv6(some), some);
      t.is(isAddressText(some), written(some) === some, some);
    }),
    { numRuns: 3000 },
  );
});
