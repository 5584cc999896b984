// Golden bytes: 0.1.0 to 0.4.0 as Debian's host-local 1.1.1 and the current one print them, 1.0.0 and 1.1.0 as the
// current one (1.1.1 still printed an empty dns, and the keys in another order).
import test from 'ava';
import { parseAddress } from '../../../src/ipam/address.ts';
import type { Route } from '../../../src/ipam/cni/network-config.ts';
import { parsePrefix } from '../../../src/ipam/cni/prefix.ts';
import { completeRange } from '../../../src/ipam/cni/range-config.ts';
import { noDns } from '../../../src/ipam/cni/resolv-conf.ts';
import { formatResult, type Result } from '../../../src/ipam/cni/result.ts';
import { supportedVersions } from '../../../src/ipam/cni/spec-version.ts';

const assign = (address: string, subnet: string) => ({
  address: parseAddress(address)!,
  range: completeRange({ subnet: parsePrefix(subnet)! }),
});

const route = (dst: string, more: Partial<Route> = {}): Route => ({ dst: parsePrefix(dst)!, ...more });

const full: Result = {
  assigned: [assign('10.1.2.2', '10.1.2.0/24'), assign('2001:db8:1::2', '2001:db8:1::/64')],
  routes: [
    route('0.0.0.0/0', { gw: parseAddress('10.1.2.1')!, mtu: 1400, advmss: 1360, priority: 10, table: 0, scope: 253 }),
    route('::/0'),
    {},
  ],
  dns: { nameservers: ['10.0.0.10'], domain: 'a<b', search: ['x', 'y'], options: ['ndots:5'] },
};
const bare: Result = { assigned: [assign('10.1.2.2', '10.1.2.0/24')], routes: [], dns: noDns };

const golden = (...lines: string[]): string => lines.join('\n');

test('a full answer to 0.1.0 and 0.2.0 has one address of each family, and little of the routes', (t) => {
  for (const version of ['0.1.0', '0.2.0']) {
    t.is(
      formatResult(full, version),
      golden(
        '{',
        `    "cniVersion": "${version}",`,
        '    "ip4": {',
        '        "ip": "10.1.2.2/24",',
        '        "gateway": "10.1.2.1",',
        '        "routes": [',
        '            {',
        '                "dst": "0.0.0.0/0",',
        '                "gw": "10.1.2.1"',
        '            }',
        '        ]',
        '    },',
        '    "ip6": {',
        '        "ip": "2001:db8:1::2/64",',
        '        "gateway": "2001:db8:1::1",',
        '        "routes": [',
        '            {',
        '                "dst": "::/0"',
        '            },',
        '            {',
        '                "dst": "\\u003cnil\\u003e"',
        '            }',
        '        ]',
        '    },',
        '    "dns": {',
        '        "nameservers": [',
        '            "10.0.0.10"',
        '        ],',
        '        "domain": "a\\u003cb",',
        '        "search": [',
        '            "x",',
        '            "y"',
        '        ],',
        '        "options": [',
        '            "ndots:5"',
        '        ]',
        '    }',
        '}',
      ),
    );
  }
});

test('a bare answer has no routes, and an empty dns up to 0.4.0', (t) => {
  const ips = (...inside: string[]) => ['    "ips": [', '        {', ...inside, '        }', '    ]'];
  const address = ['            "address": "10.1.2.2/24",', '            "gateway": "10.1.2.1"'];
  for (const version of supportedVersions.slice(2)) {
    const expected = version.startsWith('1.')
      ? ['{', `    "cniVersion": "${version}",`, ...ips(...address), '}']
      : [
          '{',
          `    "cniVersion": "${version}",`,
          ...ips('            "version": "4",', ...address).map((line) => (line === '    ]' ? '    ],' : line)),
          '    "dns": {}',
          '}',
        ];
    t.is(formatResult(bare, version), golden(...expected), version);
  }
  t.is(
    formatResult(bare, ''),
    golden(
      '{',
      '    "cniVersion": "0.1.0",',
      '    "ip4": {',
      '        "ip": "10.1.2.2/24",',
      '        "gateway": "10.1.2.1"',
      '    },',
      '    "dns": {}',
      '}',
    ),
  );
});

test('a full answer from 0.3.0 on names families up to 0.4.0, and is in the order of its keys from 1.0.0 on', (t) => {
  const keys = (version: string) => [...formatResult(full, version).matchAll(/"(\w+)":/g)].map((match) => match[1]);
  for (const version of ['0.3.0', '0.3.1', '0.4.0']) {
    t.deepEqual(keys(version), [
      ...['cniVersion', 'ips', 'version', 'address', 'gateway', 'version', 'address', 'gateway'],
      ...['routes', 'dst', 'gw', 'mtu', 'advmss', 'priority', 'table', 'scope', 'dst', 'dst'],
      ...['dns', 'nameservers', 'domain', 'search', 'options'],
    ]);
  }
  for (const version of ['1.0.0', '1.1.0']) {
    t.deepEqual(keys(version), [
      ...['cniVersion', 'dns', 'domain', 'nameservers', 'options', 'search'],
      ...['ips', 'address', 'gateway', 'address', 'gateway'],
      ...['routes', 'advmss', 'dst', 'gw', 'mtu', 'priority', 'scope', 'table', 'dst', 'dst'],
    ]);
  }
});

test('zeros of a route are left out, but for the table and the scope', (t) => {
  const zeros = { ...bare, routes: [route('0.0.0.0/0', { mtu: 0, advmss: 0, priority: 0, table: 0, scope: 0 })] };
  t.deepEqual(JSON.parse(formatResult(zeros, '1.1.0')).routes, [{ dst: '0.0.0.0/0', table: 0, scope: 0 }]);
});
