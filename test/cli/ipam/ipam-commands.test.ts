import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Terminal } from '../../../src/cli/command.ts';
import { main } from '../../../src/main.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';
import { recordTerminal } from '../../support/terminal.ts';

/** A network as host-local leaves it, with libcni's memory of two of its three attachments. */
async function node(t: ExecutionContext) {
  const directory = temporaryDirectory(t);
  const dataDir = join(directory, 'networks');
  const held = join(dataDir, 'edge-pods');
  const results = join(directory, 'cni', 'results');
  const confDir = join(directory, 'net.d');
  for (const one of [held, results, confDir]) await mkdir(one, { recursive: true });
  const plugin = { type: 'bridge', ipam: { type: 'holdfast-ipam', dataDir, ranges: [[{ subnet: '10.244.3.0/24' }]] } };
  const conflist = { cniVersion: '1.0.0', name: 'edge-pods', plugins: [plugin] };
  await writeFile(join(confDir, '10-edge.conflist'), JSON.stringify(conflist));
  const hold = async (last: number, container: string, pod?: string, netns = '/proc/self/ns/net') => {
    await writeFile(join(held, `10.244.3.${last}`), `${container}\r\neth0`);
    if (pod === undefined) return;
    const cniArgs = [
      ['K8S_POD_NAMESPACE', 'shop'],
      ['K8S_POD_NAME', pod],
      ['K8S_POD_UID', `uid-${pod}`],
    ];
    const cached = {
      kind: 'cniCacheV1',
      containerId: container,
      ifName: 'eth0',
      networkName: 'edge-pods',
      netns,
      cniArgs,
    };
    await writeFile(join(results, `edge-pods-${container}-eth0`), JSON.stringify(cached));
  };
  await hold(2, 'c2', 'web-1');
  await hold(3, 'c3', 'web-2', join(directory, 'gone'));
  await hold(4, 'c4');
  const places = [
    `--cni-conf-dir=${confDir}`,
    `--ipam-data-dir=${dataDir}`,
    `--cni-state-dir=${join(directory, 'cni')}`,
  ];
  const run = async (words: readonly string[], changes: Partial<Terminal> = {}) => {
    const terminal = recordTerminal(changes);
    const code = await main(['ipam', ...words, ...places], terminal);
    return { code, out: terminal.printed.join('\n'), error: terminal.complained.join('\n') };
  };
  const rows = async (...words: readonly string[]) =>
    (
      JSON.parse((await run(['ls', '-o', 'json', ...words])).out) as { address: string; state: string; pod: string }[]
    ).map(({ address, state, pod }) => `${address} ${state} ${pod}`);
  return { run, rows, held, dataDir, confDir, hold };
}

test('ls shows what host-local has given out, and changes nothing', async (t) => {
  const { rows, dataDir } = await node(t);
  t.deepEqual(await rows(), ['10.244.3.2 held web-1', '10.244.3.3 leaked web-2', '10.244.3.4 unclear null']);
  t.deepEqual(await rows('--leaked'), ['10.244.3.3 leaked web-2', '10.244.3.4 unclear null']);
  t.deepEqual(await readdir(dataDir), ['edge-pods']);
});

test('without being told where to look, it looks where the CNI configurations say', async (t) => {
  const { confDir } = await node(t);
  const terminal = recordTerminal();
  t.is(await main(['ipam', 'ls', '--network=edge-pods', `--cni-conf-dir=${confDir}`], terminal), 0);
  t.regex(terminal.printed[0]!, /edge-pods +10\.244\.3\.2/);
});

test('import puts on record what libcni knows, once, and leaves host-local’s files as they are', async (t) => {
  const { run, rows, held } = await node(t);
  await writeFile(join(held, '10.244.3.9_shop_db-0'), '');
  const before = await readFile(join(held, '10.244.3.2'));
  const dry = await run(['import', '--dry-run']);
  t.regex(dry.out, /3\.2 +shop\/web-1 +held +libcni's cache +not yet/);
  t.regex(dry.out, /3\.9 +shop\/db-0 +kept +a marker of OpenYurt +not yet/);
  t.regex(dry.out, /Left alone: 10\.244\.3\.4/);
  t.deepEqual(await rows('--parked'), []);
  const done = await run(['import']);
  t.is(done.code, 0);
  t.regex(done.out, /3\.2 +shop\/web-1 +held +libcni's cache +yes/);
  t.deepEqual(await rows('--parked'), ['10.244.3.9 unconfirmed db-0']);
  t.deepEqual(await rows('--leaked'), ['10.244.3.3 leaked web-2', '10.244.3.4 unclear null']);
  t.deepEqual(await readFile(join(held, '10.244.3.2')), before);
  t.regex((await run(['import'])).out, /Nothing to put on record/);
});

test('why says state, evidence and next step, and exits with 1 where nothing is known', async (t) => {
  const { run } = await node(t);
  const why = await run(['why', '10.244.3.2']);
  t.is(why.code, 0);
  t.regex(why.out, /held by shop\/web-1.*names container c2, eth0.*libcni's cache knows.*is there.*Next: /s);
  t.regex((await run(['why', 'shop/web-2'])).out, /^10\.244\.3\.3 in edge-pods: leaked, last held by shop\/web-2/);
  const unknown = await run(['why', '10.244.3.77']);
  t.is(unknown.code, 1);
  t.regex(unknown.out, /neither held nor kept/);
  t.is((await run(['why', '10.244.3.777'])).code, 2);
});

test('release asks, and does nothing without a yes', async (t) => {
  const { run, rows } = await node(t);
  await run(['import']);
  await run(['release', '10.244.3.3', '--yes']); // its file; the claim is left
  const questions: string[] = [];
  const ask = (answer: string) => async (question: string) => {
    questions.push(question);
    return answer;
  };
  t.is((await run(['release', '10.244.3.3'])).code, 2);
  t.is((await run(['release', '10.244.3.3'], { ask: ask('') })).code, 1);
  t.regex(questions[0]!, /keep it no longer for shop\/web-2/);
  t.deepEqual(await rows('--parked'), ['10.244.3.3 unconfirmed web-2']);
  t.is((await run(['release', 'shop/web-2'], { ask: ask('y') })).code, 0);
  t.deepEqual(await rows('--parked'), []);
});

test('what a sandbox holds is released only by force', async (t) => {
  const { run, rows, held } = await node(t);
  const refused = await run(['release', '10.244.3.2', '--yes']);
  t.is(refused.code, 1);
  t.regex(refused.error, /held by shop\/web-1.*--force/);
  t.is((await run(['release', '10.244.3.4', '--yes'])).code, 1);
  t.is((await run(['release', '10.244.3.4', '--yes', '--force'])).code, 0);
  t.false((await rows()).some((row) => row.startsWith('10.244.3.4')));
  t.false((await readdir(held)).includes('10.244.3.4'));
});

test('a leaked address is freed, and its pod keeps its claim', async (t) => {
  const { run, rows, hold } = await node(t);
  await run(['import']);
  await hold(5, 'c5', 'web-5', '/proc/nobody');
  t.regex((await run(['release', '10.244.3.5', '--yes'])).out, /freed, and kept for shop\/web-5/);
  t.true((await rows('--parked')).includes('10.244.3.5 unconfirmed web-5'));
});

test('a pinned address is kept for its pod, and one of nobody cannot be pinned', async (t) => {
  const { run, rows } = await node(t);
  await run(['import']);
  await run(['release', '10.244.3.3', '--yes']);
  t.regex((await run(['pin', '10.244.3.3'])).out, /kept for shop\/web-2 until/);
  t.deepEqual(await rows('--parked'), ['10.244.3.3 pinned web-2']);
  t.regex((await run(['pin', '10.244.3.3'])).out, /already/);
  t.regex((await run(['pin', '10.244.3.4'])).error, /no record of a pod/);
  t.regex((await run(['pin', '10.244.3.99'])).error, /neither held nor kept/);
  t.is((await run(['pin', 'shop/web-2'])).code, 2);
});

test('audit says who had an address then, and who has it now', async (t) => {
  const { run } = await node(t);
  t.regex((await run(['audit', '10.244.3.2'])).out, /Nothing was written down yet/);
  await run(['import'], { now: () => new Date('2026-11-17T08:00:00Z') });
  for (const time of ['09:00', '12:00']) {
    await run(['release', '10.244.3.3', '--yes'], { now: () => new Date(`2026-11-17T${time}:00Z`) });
  }
  const then = await run(['audit', '10.244.3.3', '--at', '2026-11-17T10:00:00Z']);
  t.is(then.code, 0);
  t.regex(then.out, /shop\/web-2 +eth0 +kept +2026-11-17T09:00:00\.000Z +2026-11-17T12:00:00\.000Z/);
  t.is((await run(['audit', '10.244.3.3', '--at', '2026-11-17T13:00:00Z'])).code, 1);
  t.regex((await run(['audit', '10.244.3.3', '--at', '2026-11-16T13:00:00Z'])).out, /tells nothing of that time/);
  t.regex((await run(['audit', 'shop/web-1', '--since', '1d'])).out, /10\.244\.3\.2 +shop\/web-1 +eth0 +held .* now/);
  t.is((await run(['audit', '10.244.3.3', '--at', 'Tuesday'])).code, 2);
});

test('audit says that the clock was set back while somebody had an address', async (t) => {
  const { run } = await node(t);
  await run(['import'], { now: () => new Date('2027-11-17T08:00:00Z') });
  await run(['release', '10.244.3.3', '--yes'], { now: () => new Date('2027-11-17T09:00:00Z') });
  await run(['release', '10.244.3.3', '--yes'], { now: () => new Date('2026-11-17T09:00:00Z') });
  const { out } = await run(['audit', '10.244.3.3', '--at', '2026-11-17T08:00:00Z']);
  t.regex(out, /shop\/web-2 +eth0 +kept +2027-11-17T09:\S+ +2026-11-17T09:\S+ \(the clock was set back\)/);
});

test('a directory that may not be read is an error that says so', async (t) => {
  const { run, held } = await node(t);
  await writeFile(join(held, '..', 'stray'), '');
  const { code, error } = await run(['ls', `--ipam-data-dir=${join(held, '..', 'stray')}`]);
  t.is(code, 1, error);
  t.regex(error, /stray/);
});

test('doctor looks at the plugin that a runtime would start, without a daemon', async (t) => {
  const { run, dataDir } = await node(t);
  const [first, second] = [join(dataDir, '..', 'bin-1'), join(dataDir, '..', 'bin-2')];
  for (const one of [first, second]) await mkdir(one);
  const checks = async () => {
    const words = ['doctor', '-o', 'json', `--cni-bin-dir=${first}`, `--cni-bin-dir=${second}`, '--admin=127.0.0.1:9'];
    const { out } = await run(words);
    const { findings } = JSON.parse(out) as { findings: { level: string; check: string; subject: string }[] };
    const own = findings.filter(({ check }) => /plugin|shadowed|version/.test(check));
    return own.map(({ level, check, subject }) => `${level} ${check} ${subject.replace(/.*\/(?=bin)/, '')}`);
  };
  t.deepEqual(await checks(), ['problem ipam-plugin ']);
  const bundle = join(second, 'holdfast-ipam.cjs');
  const wrapper = (program: string) => `#!/bin/sh\nunset NODE_OPTIONS NODE_PATH\nexec '${program}' '${bundle}'\n`;
  await writeFile(join(second, 'holdfast-ipam'), wrapper(process.execPath), { mode: 0o755 });
  t.deepEqual(await checks(), ['problem ipam-plugin bin-2/holdfast-ipam']);
  await writeFile(bundle, '// holdfast-ipam 0.0.1\n');
  t.deepEqual(await checks(), ['note ipam-version bin-2/holdfast-ipam']);
  await writeFile(join(first, 'holdfast-ipam'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  t.deepEqual(await checks(), ['problem ipam-shadowed bin-1/holdfast-ipam']);
  t.is((await run(['doctor', `--cni-bin-dir=${first}`, '--admin=127.0.0.1:9'])).code, 1);
});

test('who expected more is told where it looked, and of a pod of that name elsewhere', async (t) => {
  const { run, dataDir } = await node(t);
  t.is(
    (await run(['ls', '--network=none'])).out,
    `No address is held or kept. Looked at: ${dataDir}, where no network none is.`,
  );
  const terminal = recordTerminal();
  t.is(await main(['ipam', 'ls', '--ipam-data-dir=/not/there'], terminal), 0);
  t.is(terminal.printed.join(), 'No address is held or kept. Looked at: /not/there, which is not there.');
  t.regex((await run(['why', 'web-1'])).out, /default\/web-1[\s\S]*There is shop\/web-1\.\nLooked at: .*edge-pods\./);
  t.regex((await run(['audit', '10.244.3.2'])).out, /given no address out\. Looked at: .*edge-pods\./);
});
