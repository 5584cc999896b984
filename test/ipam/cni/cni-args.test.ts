import test from 'ava';
import fc from 'fast-check';
import { formatAddress } from '../../../src/ipam/address.ts';
import { parseCniArgs, podOfCniArgs } from '../../../src/ipam/cni/cni-args.ts';

const refusal = (text: string): string => {
  try {
    parseCniArgs(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test('CNI_ARGS are refused as host-local refuses them', (t) => {
  const rows: Readonly<Record<string, string>> = {
    '': 'accepted',
    'IP=': 'accepted',
    'IgnoreUnknown=1;A=B': 'accepted',
    'A=B;IgnoreUnknown=TRUE': 'accepted',
    'A=B;IgnoreUnknown=0': 'ARGS: unknown args ["A=B"]',
    'A=B': 'ARGS: unknown args ["A=B"]',
    'A=;C="é"\n': 'ARGS: unknown args ["A=" "C=\\"é\\"\\n"]',
    'ip=10.0.0.1': 'ARGS: unknown args ["ip=10.0.0.1"]',
    'A=B=C': 'ARGS: invalid pair "A=B=C"',
    'IgnoreUnknown=1;': 'ARGS: invalid pair ""',
    A: 'ARGS: invalid pair "A"',
    'IP=x': 'ARGS: error parsing value of pair "IP=x": invalid IP address x',
    'IP=10.0.0.1/33': 'ARGS: error parsing value of pair "IP=10.0.0.1/33": invalid IP address 10.0.0.1/33',
    'IgnoreUnknown=Yes':
      'ARGS: error parsing value of pair "IgnoreUnknown=Yes": boolean unmarshal error: invalid input yes',
    'K8S_POD_NAME=a;K8S_POD_NAMESPACE=b': 'ARGS: unknown args ["K8S_POD_NAME=a" "K8S_POD_NAMESPACE=b"]',
  };
  for (const [text, message] of Object.entries(rows)) t.is(refusal(text), message, text);
});

test('a pod is named in whatever order the runtime has put it', (t) => {
  const pairs = ['IgnoreUnknown=1', 'K8S_POD_NAMESPACE=shop', 'K8S_POD_NAME=web-0', 'K8S_POD_UID=u1', 'IP=10.1.2.3'];
  fc.assert(
    fc.property(fc.shuffledSubarray(pairs, { minLength: 5 }), (some) => {
      const text = some.join(';');
      t.deepEqual(podOfCniArgs(text), { namespace: 'shop', name: 'web-0', uid: 'u1' });
      t.is(formatAddress(parseCniArgs(text)!), '10.1.2.3');
    }),
  );
});

test('without both its names there is no pod', (t) => {
  t.is(podOfCniArgs(''), undefined);
  t.is(podOfCniArgs('K8S_POD_NAME=web-0'), undefined);
  t.is(podOfCniArgs('K8S_POD_NAME=;K8S_POD_NAMESPACE=shop'), undefined);
  t.deepEqual(podOfCniArgs('K8S_POD_NAME=a;K8S_POD_NAMESPACE=b;;x=y=z'), { namespace: 'b', name: 'a', uid: '' });
});
