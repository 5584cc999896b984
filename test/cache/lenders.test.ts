import test from 'ava';
import type { Credential } from '../../src/cache/credential.ts';
import { Lenders, nodeLender } from '../../src/cache/lenders.ts';

const tokenOf = (identity: string): Credential => ({ kind: 'bearer', token: `token of ${identity}` });
const lent = (...identities: readonly string[]): Lenders => {
  const lenders = new Lenders();
  for (const identity of identities) lenders.lend({ identity, credential: tokenOf(identity) });
  return lenders;
};

test('the node lends first, then who came last; what the cloud refuses is lent no more, unless it was renewed', (t) => {
  const lenders = lent('a', 'b');
  lenders.lend(nodeLender);
  t.is(lenders.pick()?.identity, nodeLender.identity);
  t.deepEqual(lenders.drop(nodeLender.credential), [nodeLender.identity]);
  t.is(lenders.pick()?.identity, 'b');
  const refused = lenders.pick()!.credential;
  lenders.lend({ identity: 'b', credential: tokenOf('b, renewed') });
  t.deepEqual(lenders.drop(refused), []);
  t.deepEqual(lenders.pick(), { identity: 'b', credential: tokenOf('b, renewed') });
});

test('of those who come as somebody else each time a few are remembered, and the node always', (t) => {
  const lenders = new Lenders();
  lenders.lend(nodeLender);
  for (let n = 0; n < 1000; n += 1) lenders.lend({ identity: `token:${n}`, credential: tokenOf(`${n}`) });
  t.is(lenders.identities.length, 20);
  t.is(lenders.pick()?.identity, nodeLender.identity);
  lenders.drop(nodeLender.credential);
  t.is(lenders.pick()?.identity, 'token:999');
});
