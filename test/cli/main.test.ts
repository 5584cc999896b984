import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { commands } from '../../src/cli/commands.ts';
import { options } from '../../src/hub/options.ts';
import { main } from '../../src/main.ts';
import { recordTerminal } from '../support/terminal.ts';

test('without a command the overview is printed, and that is wrong usage; asked for, it is not', async (t) => {
  for (const [words, code] of [
    [[], 2],
    [['--help'], 0],
    [['-h'], 0],
    [['help'], 0],
  ] as const) {
    const terminal = recordTerminal();
    t.is(await main(words, terminal), code);
    for (const { name } of commands) t.true(terminal.printed[0]!.includes(`\n  ${name}`), name);
  }
});

test('the help of run shows every option of the table, with its variable and its key', async (t) => {
  for (const words of [
    ['run', '--help'],
    ['help', 'run'],
    ['run', '--listen', 'nonsense', '-h'],
  ]) {
    const terminal = recordTerminal();
    t.is(await main(words, terminal), 0);
    for (const { flag } of Object.values(options)) t.true(terminal.printed[0]!.includes(`--${flag} `), flag);
    t.regex(terminal.printed[0]!, /HOLDFAST_DATA_DIR, dataDir\]/);
  }
});

test('the help of a command and the overview read as here', async (t) => {
  const terminal = recordTerminal();
  await main(['help'], terminal);
  await main(['status', '--help'], terminal);
  await main(['cache', 'get', '--help'], terminal);
  t.snapshot(terminal.printed.join('\n\n=====\n\n'));
});

test('no line of help is longer than 100 columns', async (t) => {
  const terminal = recordTerminal();
  for (const { name } of commands) await main([...name.split(' '), '--help'], terminal);
  await main(['help'], terminal);
  for (const line of terminal.printed.join('\n').split('\n')) t.true(line.length <= 104, line);
});

test('the help of a group of commands lists them, however it is asked for', async (t) => {
  for (const words of [
    ['cache', '--help'],
    ['cache', '-h'],
    ['help', 'cache'],
  ]) {
    const terminal = recordTerminal();
    t.is(await main(words, terminal), 0, terminal.complained.join('\n'));
    for (const line of [/^ {2}cache list +List/m, /^ {2}cache get RESOURCE \S+ +Print/m, /^ {2}cache verify +Check/m])
      t.regex(terminal.printed[0]!, line);
    t.false(terminal.printed[0]!.includes('  status'));
  }
  const terminal = recordTerminal();
  t.is(await main(['help', 'cache', 'get'], terminal), 0);
  t.regex(terminal.printed[0]!, /Usage: holdfast cache get/);
});

test('an unknown command is refused with the one it is nearest to', async (t) => {
  const say = async (...words: string[]) => {
    const terminal = recordTerminal();
    t.is(await main(words, terminal), 2);
    return terminal.complained.join('\n');
  };
  t.regex(await say('statsu'), /holdfast statsu: no such command; did you mean holdfast status\?/);
  t.regex(await say('xyzzy'), /`holdfast help` lists them/);
  t.regex(await say('cache', 'lst'), /holdfast cache lst: no such command; there are holdfast cache list, /);
  t.regex(await say('cache'), /there are holdfast cache list/);
  t.regex(await say('--kubeconfig', 'x'), /name a command first, for example holdfast run --kubeconfig/);
  t.regex(await say('status', 'now'), /holdfast status takes no arguments, got now/);
  t.regex(await say('cache', 'get', 'pods'), /holdfast cache get takes RESOURCE \[NAMESPACE\/\]NAME, got pods/);
  t.regex(await say('help', 'xyzzy'), /no such command/);
});

test('wrong usage is exit code 2 with one line a problem, before anything starts', async (t) => {
  const terminal = recordTerminal();
  t.is(await main(['run', '--nod-name', 'a', '--listen', 'x'], terminal), 2);
  t.is(terminal.complained.length, 2);
  t.regex(terminal.complained[0]!, /^holdfast: --nod-name: no such option; did you mean --node-name\?/);
  t.regex(terminal.complained[1]!, /^holdfast: --listen: "x" is not HOST:PORT/);
});

test('who writes what kubeadm prints is told the names that it has here', async (t) => {
  const terminal = recordTerminal();
  const pin = `sha256:${'a'.repeat(64)}`;
  const token = 'abcdef.0123456789abcdef';
  const words = ['join', '--server', '10.0.0.1:6443', '--token', token, '--discovery-token-ca-cert-hash', pin];
  t.is(await main(words, terminal), 2);
  t.is(terminal.complained[0], 'holdfast: --discovery-token-ca-cert-hash: that is --ca-hash here');
  t.regex(
    terminal.complained[1]!,
    /^holdfast: --server: "10\.0\.0\.1:6443" is .*for example https:\/\/10\.0\.0\.1:6443$/,
  );
});

test('a token that was given to join as a variable is in no other command’s way', async (t) => {
  const terminal = recordTerminal({ environment: { HOLDFAST_TOKEN: 'abcdef.0123456789abcdef' } });
  t.is(await main(['status', '--admin', '127.0.0.1:1'], terminal), 1);
  t.regex(terminal.complained.join('\n'), /^holdfast: no Holdfast daemon answers/);
});

test('the daemon does not start without a cluster', async (t) => {
  const terminal = recordTerminal();
  t.is(await main(['run'], terminal), 2);
  t.regex(terminal.complained[0]!, /^holdfast: no cluster is given: say --kubeconfig FILE or --server URL/);
});

test('a configuration file that is missing, malformed or has an unknown key is named', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-config-'));
  t.teardown(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'bad.yaml'), 'listen: [unclosed\n');
  await writeFile(join(directory, 'bad.json'), '{"listen": }');
  await writeFile(join(directory, 'unknown.yaml'), 'nodename: edge-7\n');
  for (const [file, words] of [
    ['missing.yaml', /--config: there is no file .*missing\.yaml/],
    ['bad.yaml', /--config: .*bad\.yaml cannot be read/],
    ['bad.json', /--config: .*bad\.json cannot be read/],
    ['unknown.yaml', /unknown\.yaml: nodename: no such key; did you mean nodeName\?/],
    ['.', /--config: .* cannot be read/],
  ] as const) {
    const terminal = recordTerminal();
    t.is(await main(['run', '--config', join(directory, file)], terminal), 2);
    t.regex(terminal.complained.join('\n'), words, file);
  }
});

test('the version is printed', async (t) => {
  for (const words of [['version'], ['--version']]) {
    const terminal = recordTerminal();
    t.is(await main(words, terminal), 0);
    t.regex(terminal.printed[0]!, /^holdfast \d+\.\d+\.\d+/);
  }
});

test('a reader that leaves is no reason to fail', async (t) => {
  const child = spawn(process.execPath, [new URL('../../src/main.ts', import.meta.url).pathname, 'help'], { env: {} });
  child.stdout.destroy();
  const errors: string[] = [];
  child.stderr.on('data', (text) => errors.push(String(text)));
  t.deepEqual(await once(child, 'close'), [0, null], errors.join(''));
});
