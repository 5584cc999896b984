import test from 'ava';
import { NameSharing } from '../../src/hub/name-sharing.ts';

const hour = 3_600_000;

function start(bootId: string | undefined = 'ours') {
  const clock = { now: 0 };
  const said: string[] = [];
  const sharing = new NameSharing({
    nodeName: 'edge-1',
    bootId,
    now: () => clock.now,
    onFound: (sentence) => said.push(sentence),
  });
  return { clock, said, sharing, see: (...ids: string[]) => ids.forEach((id) => void sharing.saw(id)) };
}

test('a machine whose boot id gives way to another one again and again is not alone; that is said once', (t) => {
  const { sharing, said, see } = start();
  see('ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs');
  t.is(said.length, 1);
  t.regex(said[0]!, /lives under the name edge-1.*boot id theirs.*this machine's, ours/);
  t.is(sharing.warning, said[0]);
});

test('neither a reboot, nor the Node as it was before one, nor a kubelet that tells another id, is another machine', (t) => {
  for (const ids of [
    ['before', 'ours', 'ours'],
    ['before', 'ours', 'before', 'ours', 'ours'],
    ['theirs', 'theirs', 'others', 'theirs'],
    ['', 'ours', '', 'ours', ''],
  ]) {
    const { sharing, said, see } = start();
    see(...ids);
    t.deepEqual([sharing.warning, said.length], [undefined, 0], ids.join());
  }
  const { sharing, see } = start('');
  see('ours', 'theirs', 'ours', 'theirs');
  t.is(sharing.warning, undefined);
});

test('what has ended is not told for longer than an hour, and said again when it begins anew', (t) => {
  const { sharing, said, see, clock } = start();
  see('ours', 'theirs', 'ours', 'theirs');
  clock.now = hour - 1;
  t.not(sharing.warning, undefined);
  clock.now = hour;
  t.is(sharing.warning, undefined);
  see('ours', 'theirs');
  t.is(said.length, 2);
});
