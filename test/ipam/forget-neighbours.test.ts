// What the kernel remembers of an address, in a network namespace of the test's own.
import { spawnSync } from 'node:child_process';
import test from 'ava';
import { forgetNeighbours } from '../../src/ipam/forget-neighbours.ts';
import { lacks } from '../support/ipam-program.ts';

const source = new URL('../../src/ipam/forget-neighbours.ts', import.meta.url).href;

test('the node asks anew where an address is, and remembers all others', (t) => {
  if (process.getuid?.() !== 0) {
    t.log('skipped: a network namespace needs root');
    t.pass();
    return;
  }
  if (lacks(t, 'unshare', 'ip')) return;
  const program = `
    const { forgetNeighbours } = await import(${JSON.stringify(source)});
    forgetNeighbours(['10.9.0.2', 'fd09::2'], (line) => console.error(line));`;
  const prepare = [
    'ip link add d0 type veth peer name d1',
    'ip link set d1 up',
    'ip link set d0 up',
    'ip addr add 10.9.0.1/24 dev d0',
  ];
  const known = ['10.9.0.2', '10.9.0.3', 'fd09::2', 'fd09::3'].map(
    (address) => `ip neigh add ${address} lladdr 02:00:00:00:00:0${address.at(-1)} dev d0 nud reachable`,
  );
  const script = [...prepare, ...known, '"$@"', 'ip neigh show dev d0 nud reachable'].join(' && ');
  const words = ['--net', 'sh', '-c', script, 'sh', process.execPath, '--input-type=module', '-e', program];
  const done = spawnSync('unshare', words, { encoding: 'utf8', timeout: 30_000 });
  t.is(done.stderr, '');
  const remembered = done.stdout.split('\n').flatMap((line) => line.split(' ', 1)[0] || []);
  t.deepEqual(remembered.sort(), ['10.9.0.3', 'fd09::3']);
});

test('where the node cannot be made to ask anew, that is said, and no more', (t) => {
  const said: string[] = [];
  forgetNeighbours(['10.9.0.2'], (line) => said.push(line), ['/nowhere/ip']);
  forgetNeighbours(['10.9.0.2'], (line) => said.push(line), ['false']);
  forgetNeighbours([], (line) => said.push(line), ['/nowhere/ip']);
  t.deepEqual(said, [
    'the node may look for 10.9.0.2 at its former sandbox for a while: no ip (iproute2) on this machine',
    'the node may look for 10.9.0.2 at its former sandbox for a while: false ended with 1',
  ]);
});
