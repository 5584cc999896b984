// Real processes at once on one directory. IPAM_ROUNDS=20 runs more of them.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  type Answer,
  addressesOf,
  bundledPlugin,
  call,
  callSync,
  heldIn,
  hostLocal,
  lacks,
  temporaryDirectory,
} from '../../support/ipam-program.ts';

const rounds = Number(process.env.IPAM_ROUNDS ?? 1);
const plugin = bundledPlugin();
const ours = async (): Promise<readonly string[]> => [process.execPath, await plugin];
const theirs: readonly string[] = [hostLocal];
const subnets = ['10.9.0.0/26'];

const expectWell = (answers: readonly Answer[]): string =>
  answers.map(({ stdout, stderr }) => stdout + stderr).join('');

test.serial('fifty processes at once on a /26 get fifty addresses, and free them all', async (t) => {
  const program = await ours();
  for (let round = 0; round < rounds; round++) {
    const dataDir = temporaryDirectory(t);
    const ids = Array.from({ length: 50 }, (_, n) => `r${round}c${n}`);
    const of = (containerId: string) => ({ containerId, dataDir, subnets, pod: `p-${containerId}` });
    const answers = await Promise.all(ids.map((id) => call(program, { ...of(id), verb: 'ADD' })));
    t.true(
      answers.every(({ exitCode }) => exitCode === 0),
      expectWell(answers),
    );
    t.is(new Set(answers.flatMap(addressesOf)).size, 50);
    t.is(Object.keys(heldIn(dataDir)).length, 50);
    const freed = await Promise.all(ids.map((id) => call(program, { ...of(id), verb: 'DEL' })));
    t.true(
      freed.every(({ exitCode }) => exitCode === 0),
      expectWell(freed),
    );
    t.deepEqual(heldIn(dataDir), {});
    const again = await Promise.all(ids.slice(0, 8).map((id) => call(program, { ...of(id), verb: 'ADD' })));
    t.deepEqual(again.flatMap(addressesOf), answers.slice(0, 8).flatMap(addressesOf), 'and come back to their own');
  }
});

test.serial('mixed with as many of host-local no address is given twice, whoever frees it', async (t) => {
  if (lacks(t, hostLocal)) return;
  const program = await ours();
  for (let round = 0; round < rounds; round++) {
    const dataDir = temporaryDirectory(t);
    const ids = Array.from({ length: 50 }, (_, n) => `m${round}c${n}`);
    const of = (containerId: string) => ({ containerId, dataDir, subnets, pod: `p-${containerId}` });
    const answers = await Promise.all(
      ids.map((id, n) => call(n % 2 === 0 ? program : theirs, { ...of(id), verb: 'ADD' })),
    );
    t.true(
      answers.every(({ exitCode }) => exitCode === 0),
      expectWell(answers),
    );
    t.is(new Set(answers.flatMap(addressesOf)).size, 50);
    await Promise.all(ids.map((id, n) => call(n % 2 === 0 ? theirs : program, { ...of(id), verb: 'DEL' })));
    t.deepEqual(heldIn(dataDir), {});
  }
});

test.serial('without a flock on the machine fifty processes get fifty addresses all the same', async (t) => {
  const program = (await ours()).map((part) => part);
  const dataDir = temporaryDirectory(t);
  const ids = Array.from({ length: 24 }, (_, n) => `n${n}`);
  const of = (containerId: string) => ({
    containerId,
    dataDir,
    subnets,
    pod: `p-${containerId}`,
    isWithoutFlock: true,
  });
  const answers = await Promise.all(ids.map((id) => call(program, { ...of(id), verb: 'ADD' })));
  t.true(
    answers.every(({ exitCode }) => exitCode === 0),
    expectWell(answers),
  );
  t.true(answers.every(({ stderr }) => stderr.includes('no flock on this machine')));
  t.is(new Set(answers.flatMap(addressesOf)).size, ids.length);
});

/** A generator of numbers that a failing run can be repeated with. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test.serial('ours and host-local in any alternation on one directory: no address twice, nothing leaked', async (t) => {
  if (lacks(t, hostLocal)) return;
  const program = await ours();
  const seed = Number(process.env.IPAM_SEED ?? Date.now() % 1e6);
  t.log({ seed });
  const next = numbers(seed);
  const dataDir = temporaryDirectory(t);
  const small = ['10.9.0.0/28', 'fd09::/124'];
  const live = new Map<string, readonly string[]>();
  for (let step = 0; step < 60 * rounds; step++) {
    const which = next(2) === 0 ? program : theirs;
    const ids = [...live.keys()];
    if (ids.length < 9 && next(5) < 3) {
      const containerId = `s${step}`;
      const answer = callSync(which, { verb: 'ADD', containerId, dataDir, subnets: small, pod: `pod${next(12)}` });
      t.is(answer.exitCode, 0, answer.stdout);
      const given = addressesOf(answer);
      t.is(given.length, 2);
      for (const [other, held] of live)
        t.false(
          held.some((one) => given.includes(one)),
          `${other} ${given}`,
        );
      live.set(containerId, given);
    } else if (ids.length > 0) {
      const containerId = ids[next(ids.length)]!;
      t.is(callSync(which, { verb: 'CHECK', containerId, dataDir, subnets: small }).exitCode, 0);
      t.is(callSync(which, { verb: 'DEL', containerId, dataDir, subnets: small, pod: 'any' }).exitCode, 0);
      live.delete(containerId);
    }
    const expected = [...live].flatMap(([id, held]) => held.map((address) => [address, `${id}\r\neth0`] as const));
    t.deepEqual(heldIn(dataDir), Object.fromEntries(expected.sort()));
  }
  for (const containerId of live.keys()) callSync(theirs, { verb: 'DEL', containerId, dataDir, subnets: small });
  t.deepEqual(readdirSync(join(dataDir, 'pods')).sort(), ['last_reserved_ip.0', 'last_reserved_ip.1', 'lock']);
});
