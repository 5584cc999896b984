import test from 'ava';
import fc from 'fast-check';
import { type ConflistChange, changeIpamType } from '../../../src/ipam/install/conflist-change.ts';
import { findJsonPlace } from '../../../src/ipam/install/json-place.ts';

const change = (text: string | object, from = 'host-local', to = 'holdfast-ipam'): ConflistChange =>
  changeIpamType(Buffer.from(typeof text === 'string' ? text : JSON.stringify(text)), from, to);

const textOf = (result: ConflistChange): string => (result.kind === 'change' ? result.text.toString() : result.kind);
const reasonOf = (result: ConflistChange): string => (result.kind === 'refused' ? result.reason : result.kind);

const bridge = `{
\t"cniVersion": "1.0.0",  "name":"pods",
  "plugins" : [
    {"type": "bridge", "note": "\\"type\\": \\"host-local\\" é", "ipam": { "ranges": [[{"subnet":"10.1.0.0/24"}]] , "type" : "host-local" } },
    { "type": "portmap" } ]
}

`;

test('of a conflist one word is changed, and back, and no other byte', (t) => {
  const changed = textOf(change(bridge));
  t.is(changed, bridge.replace('"type" : "host-local"', '"type" : "holdfast-ipam"'));
  t.is(textOf(change(changed, 'holdfast-ipam', 'host-local')), bridge);
  t.is(change(changed).kind, 'already');
});

test('a file with one plugin is changed as well', (t) => {
  t.is(
    textOf(change('{"name":"n","type":"macvlan","ipam":{"type":"host-local"}}')),
    '{"name":"n","type":"macvlan","ipam":{"type":"holdfast-ipam"}}',
  );
});

test('each plugin of a list that takes addresses is changed', (t) => {
  const two = {
    name: 'n',
    plugins: [
      { type: 'bridge', ipam: { type: 'host-local' } },
      { type: 'vlan', ipam: { type: 'host-local' } },
    ],
  };
  t.is(textOf(change(two)), JSON.stringify(two).replaceAll('"host-local"', '"holdfast-ipam"'));
});

test('flannel, which takes host-local unasked, is told so beside its delegate, in the lines of the file', (t) => {
  const flannel = `{
  "name": "cbr0",
  "plugins": [
    {
      "type": "flannel",
      "delegate": { "isDefaultGateway": true }
    }
  ]
}`;
  t.is(
    textOf(change(flannel)),
    flannel.replace('"type": "flannel",', '"type": "flannel",\n      "ipam": {"type": "holdfast-ipam"},'),
  );
  t.is(
    textOf(change('{"name":"n","plugins":[{"type":"flannel"}]}')),
    '{"name":"n","plugins":[{"type":"flannel", "ipam": {"type": "holdfast-ipam"}}]}',
  );
  t.is(
    textOf(change('{"name":"n","plugins":[{"type":"flannel","ipam":{"dataDir":"/x"}}]}')),
    '{"name":"n","plugins":[{"type":"flannel","ipam":{"type": "holdfast-ipam", "dataDir":"/x"}}]}',
  );
  t.is(
    textOf(change('{"name":"n","plugins":[{"type":"flannel","ipam":{}}]}')),
    '{"name":"n","plugins":[{"type":"flannel","ipam":{"type": "holdfast-ipam"}}]}',
  );
});

test('what cannot be changed is refused with the reason', (t) => {
  const plugins = (...all: object[]) => ({ name: 'n', plugins: all });
  const rows: readonly (readonly [string | object, RegExp])[] = [
    ['{', /^it is no JSON \(.*position 1/],
    ['[]', /no JSON object/],
    [plugins(), /none of its plugins takes addresses from host-local \(it has none\)/],
    [plugins({ type: 'bridge', ipam: { type: 'dhcp' } }, { type: 'portmap' }), /\(bridge with dhcp, portmap\)/],
    [plugins({ type: 'calico', ipam: { type: 'calico-ipam' } }), /calico with calico-ipam/],
    [plugins({ type: 'flannel', delegate: { ipam: { type: 'host-local' } } }), /rejects an ipam inside its delegate/],
    [
      plugins({ type: 'multus', delegates: [{ type: 'bridge', ipam: { type: 'host-local' } }] }),
      /NetworkAttachmentDefinition/,
    ],
    [plugins({ type: 'wrapper', delegate: { type: 'bridge', ipam: { type: 'host-local' } } }), /hands the work on/],
    [
      plugins({ type: 'calico', ipam: { type: 'host-local', ranges: [[{ subnet: 'usePodCidr' }]] } }),
      /fills usePodCidr in for the type host-local alone/,
    ],
    [
      plugins({ type: 'bridge', ipam: { type: 'host-local' } }, { type: 'multus', delegates: [] }),
      /NetworkAttachmentDefinition/,
    ],
  ];
  for (const [text, reason] of rows) t.regex(reasonOf(change(text)), reason);
});

test('a data directory that a start of the node empties is warned of', (t) => {
  const warnings = (dataDir: string) => {
    const result = change({ name: 'n', type: 'ptp', ipam: { type: 'host-local', dataDir } });
    return result.kind === 'change' ? result.warnings.length : -1;
  };
  t.is(warnings('/run/cni-ipam-state'), 1);
  t.is(warnings('/var/lib/cni/networks'), 0);
  t.is(warnings('/runs'), 0);
});

test('that calico will not go by the routes any more is warned of', (t) => {
  const warnings = (type: string, routes: object[]) => {
    const result = change({ name: 'n', type, ipam: { type: 'host-local', subnet: '10.1.0.0/24', routes } });
    return result.kind === 'change' ? result.warnings.join() : '';
  };
  t.regex(warnings('calico', [{ dst: '0.0.0.0/0' }]), /own default routes/);
  t.is(warnings('calico', []), '');
  t.is(warnings('bridge', [{ dst: '0.0.0.0/0' }]), '');
});

test('a place in JSON is found by its path, whatever stands around it', (t) => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 4 }),
      fc.string(),
      (before, others, key) => {
        const { [key]: _, ...rest } = others;
        const inner = JSON.stringify({ ...rest, [key]: 'here', zz: [1] });
        const bytes = Buffer.from(` { "before" : ${before} , "list":[ ${inner}\t, ${inner} ] } `);
        fc.pre(!['before', 'list', 'zz', '__proto__'].includes(key));
        const place = findJsonPlace(bytes, ['list', 1, key]);
        t.is(bytes.toString('utf8', place!.start, place!.end), '"here"');
        t.is(findJsonPlace(bytes, ['list', 2, key]), undefined);
        t.is(findJsonPlace(bytes, ['before', 'nowhere', 'at all']), undefined);
      },
    ),
  );
});
