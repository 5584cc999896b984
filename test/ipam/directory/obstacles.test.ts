// What else may lie in the directory.
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { addressesOf, callHere, temporaryDirectory } from '../../support/ipam-program.ts';

const subnets = ['10.9.0.0/28'];

test('an address in whose place something else lies is left out, and the next one is given', (t) => {
  const dataDir = temporaryDirectory(t);
  const held = join(dataDir, 'pods');
  mkdirSync(join(held, '10.9.0.2'), { recursive: true });
  symlinkSync('/nowhere/at/all', join(held, '10.9.0.3'));
  writeFileSync(join(dataDir, 'elsewhere'), 'stranger\r\neth0');
  symlinkSync(join(dataDir, 'elsewhere'), join(held, '10.9.0.4'));
  const call = { containerId: 'c1', pod: 'p', dataDir, subnets };
  t.deepEqual(addressesOf(callHere({ ...call, verb: 'ADD' })), ['10.9.0.5']);
  t.is(callHere({ ...call, verb: 'DEL' }).exitCode, 0);
  t.is(callHere({ ...call, verb: 'DEL', containerId: 'stranger' }).exitCode, 0, 'as host-local reads it');
  t.deepEqual(
    readdirSync(held).filter((name) => name.startsWith('10.')),
    ['10.9.0.2', '10.9.0.3'],
  );
});

test('a directory in the place of a record is put aside', (t) => {
  const dataDir = temporaryDirectory(t);
  const retain = join(dataDir, '.retain', 'pods');
  mkdirSync(join(retain, '10.9.0.2.json'), { recursive: true });
  const call = { containerId: 'c1', pod: 'p', dataDir, subnets };
  t.deepEqual(addressesOf(callHere({ ...call, verb: 'ADD' })), ['10.9.0.2']);
  t.true(existsSync(join(retain, '10.9.0.2.json.damaged-1')));
});
