import test from 'ava';
import { writePolicy } from '../../src/cache/writes/policy.ts';
import { parseOfflineWrite } from '../../src/hub/offline-write-option.ts';
import { InvalidValueError } from '../../src/hub/option-types.ts';
import { options } from '../../src/hub/options.ts';
import { parseOptions } from '../../src/hub/parse-options.ts';

const surroundings = { directory: '/', homeDirectory: '/root', hostName: 'edge-7', isRoot: true };
const { offlineWrites } = options;

test('a rule is a kind, and what narrows it', (t) => {
  t.deepEqual(parseOfflineWrite('configmaps'), { group: '', resource: 'configmaps', conflict: 'cloud-wins' });
  t.deepEqual(
    parseOfflineWrite(' apps.example.com/widgets ; namespace = a, b ; labels = tier in (x, y) ; conflict = park '),
    {
      group: 'apps.example.com',
      resource: 'widgets',
      namespaces: ['a', 'b'],
      labels: 'tier in (x, y)',
      conflict: 'park',
    },
  );
});

test('commas belong to a rule, however it is given', (t) => {
  const rule = 'configmaps;namespace=a,secrets;labels=x=1,y=2';
  const read = [{ group: '', resource: 'configmaps', namespaces: ['a', 'secrets'], labels: 'x=1,y=2' }];
  const given = [
    { flags: ['--offline-writes', rule], environment: {} },
    { flags: [], environment: { HOLDFAST_OFFLINE_WRITES: rule } },
    { flags: [], environment: {}, file: { path: '/c', directory: '/', content: { offlineWrites: [rule] } } },
  ];
  for (const written of given) {
    const { offlineWrites: rules } = parseOptions({ offlineWrites }, written, surroundings);
    t.like(rules, read);
    t.is(rules.length, 1);
  }
  const environment = { HOLDFAST_OFFLINE_WRITES: `${rule}\nsecrets` };
  t.is(parseOptions({ offlineWrites }, { flags: [], environment }, surroundings).offlineWrites.length, 2);
});

const refused: Readonly<Record<string, RegExp>> = {
  configmap: /did you mean configmaps\?/,
  deployments:
    /cannot be allowed: writes to deployments are never kept .* Rules are for configmaps, secrets, .* custom resources/,
  'apps/deployments': /cannot be allowed\. Rules are for/,
  'networking.k8s.io/ingresses': /cannot be allowed: .*defaulted, validated and admitted by the cloud/,
  services: /cannot be allowed/,
  ConfigMaps: /names no resource; write \[GROUP\/\]RESOURCE/,
  'configmaps,secrets': /names no resource/,
  'apps/v1/deployments': /names no resource/,
  'pods/status': /'pods\/status' cannot be allowed\. Rules are for/,
  'coordination.k8s.io/leases': /cannot be allowed: .*two holders/,
  'certificates.k8s.io/certificatesigningrequests': /cannot be allowed: .*certificates are signed there/,
  bindings: /cannot be allowed/,
  'configmaps;namespace=': /says nothing/,
  'configmaps;namespace=Edge': /'Edge' is no name of a namespace/,
  'configmaps;conflict=merge': /none of edge-wins, cloud-wins, park/,
  'configmaps;conflicts=park': /'conflicts' is not known/,
  'configmaps;conflict=park;conflict=edge-wins': /stands twice/,
  'configmaps;labels=a in b': /labels=a in b: /,
};

for (const [text, message] of Object.entries(refused)) {
  test(`a rule that could never allow what is meant is refused: ${text}`, (t) => {
    const error = t.throws(() => parseOfflineWrite(text), { instanceOf: InvalidValueError });
    t.regex(error.message, message);
  });
}

test('the rule that a refusal names can be given as it stands, and allows the write', (t) => {
  const known = { state: 'absent' } as const;
  const writer = { isNode: false };
  for (const [group, resource] of [
    ['', 'configmaps'],
    ['apps.example.com', 'widgets'],
  ] as const) {
    const request = {
      verb: 'create',
      gvr: { group, version: 'v1', resource },
      namespace: 'shop',
      name: '',
      subresource: '',
      apiVersion: 'v1',
      kind: 'X',
      body: { metadata: { name: 'x' } },
      query: { dryRun: false, fieldManager: '' },
    } as unknown as Parameters<ReturnType<typeof writePolicy>['of']>[0];
    const refusal = writePolicy([], 'edge-7').of(request, writer, known);
    const rule = /--offline-writes '(.+)' would allow it/.exec('refuse' in refusal ? refusal.refuse : '')![1]!;
    t.true('keep' in writePolicy([parseOfflineWrite(rule)], 'edge-7').of(request, writer, known));
  }
});

test('where no rule would help none is named', (t) => {
  const request = {
    verb: 'create',
    gvr: { group: 'apps', version: 'v1', resource: 'deployments' },
    namespace: 'shop',
    name: '',
    subresource: '',
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    body: { metadata: { name: 'x' } },
    query: { dryRun: false, fieldManager: '' },
  } as const;
  const policy = writePolicy([{ group: 'apps', resource: 'deployments', conflict: 'park' }], 'edge-7');
  const refusal = policy.of(request, { isNode: false }, { state: 'absent' });
  t.regex(
    'refuse' in refusal ? refusal.refuse : '',
    /deployments\.apps are never kept offline.* No setting changes that/,
  );
});
