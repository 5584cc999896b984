// How filters are named on the command line.
import test from 'ava';
import { chosenFilter } from '../../../src/hub/filters/filter-option.ts';

const surroundings = { directory: '/', homeDirectory: '/', hostName: 'edge-1', isRoot: true };
const parse = (text: string): unknown => chosenFilter.parse(text, surroundings);

test('a filter is named with the usual programs, or with others', (t) => {
  t.deepEqual(parse('service-topology'), { name: 'service-topology', components: undefined });
  t.deepEqual(parse('service-topology=Kube-Proxy, my-proxy'), {
    name: 'service-topology',
    components: ['kube-proxy', 'my-proxy'],
  });
});

test('the names that YurtHub has for them are understood', (t) => {
  t.like(parse('masterservice'), { name: 'master-service' });
  t.like(parse('forwardkubesvctraffic'), { name: 'kubernetes-endpoints' });
});

test('a name that is none is refused with the one that was probably meant', (t) => {
  t.throws(() => parse('service-topologi'), { message: /did you mean service-topology\?/ });
  t.throws(() => parse('root-ca'), { message: /no filter/ });
  t.throws(() => parse('serviceenvupdater'), { message: /there are master-service, / });
  t.throws(() => parse('master-service='), { message: /names no program/ });
});
