import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Terminal } from '../../src/cli/command.ts';
import { renderEntry, renderList, renderRetry } from '../../src/cli/outbox-text.ts';
import { listenAdmin } from '../../src/hub/admin/admin-server.ts';
import type { EntryInFull, EntrySummary } from '../../src/hub/admin/outbox-view.ts';
import { main } from '../../src/main.ts';
import { createAdminPort } from '../support/admin-port.ts';
import { configMap, dataOf, maps } from '../support/owed-writes-stage.ts';
import { recordTerminal } from '../support/terminal.ts';

async function openPort(t: ExecutionContext) {
  const { stage, server, directory } = await createAdminPort(t);
  const { port } = await listenAdmin(server, { host: '127.0.0.1', port: 0 });
  t.teardown(() => server.close());
  const whom = [`--admin=127.0.0.1:${port}`, `--data-dir=${directory}`];
  const run = async (words: readonly string[], changes: Partial<Terminal> = {}) => {
    const terminal = recordTerminal(changes);
    let hasEnded = false;
    const ended = main([...words, ...whom], terminal).finally(() => {
      hasEnded = true;
    });
    if (stage.link.isOnline) await stage.until(() => hasEnded);
    const code = await ended;
    return { code, out: terminal.printed.join('\n'), error: terminal.complained.join('\n') };
  };
  return { stage, run, directory };
}

const parked: EntrySummary = {
  sequence: 12,
  state: 'parked',
  verb: 'update',
  path: '/api/v1/namespaces/default/configmaps/web',
  resource: 'configmaps',
  namespace: 'default',
  name: 'web',
  subresource: '',
  class: 'user',
  conflict: 'cloud-wins',
  writer: {
    identity: 'sa:default:writer:0123',
    name: 'system:serviceaccount:default:writer',
    userAgent: 'kubectl/v1.35.0',
    fieldManager: 'kubectl-edit',
  },
  writes: 3,
  firstWrittenAt: '2026-11-21T07:00:00.000Z',
  writtenAt: '2026-11-21T07:20:00.000Z',
  ageSeconds: 11_520,
  parked: {
    at: '2026-11-21T10:00:00.000Z',
    reason: "both sides changed data.color; the cloud's values stand",
    code: 0,
    conflicts: ['data.color'],
  },
};
const { parked: _parked, ...waitingUpdate } = parked;
const waiting: EntrySummary = { ...waitingUpdate, sequence: 7, state: 'queued' };
const inFull: EntryInFull = {
  ...parked,
  cloud: 'present',
  sides: { base: {}, edge: {}, cloud: {} },
  differences: [
    { field: 'data.color', base: 'red', edge: 'blue', cloud: 'green', changedBy: 'both', isConflict: true },
    { field: 'data.size', base: '1', edge: '2', cloud: '1', changedBy: 'edge', isConflict: false },
    { field: 'data.new', cloud: 'y', changedBy: 'cloud', isConflict: false },
  ],
};

test('a list, and an entry of each kind, read as here', (t) => {
  const status = { ...waiting, resource: 'nodes', subresource: 'status', namespace: '', name: 'edge-7', sequence: 3 };
  const event: EntrySummary = { ...waiting, sequence: 4, class: 'event', resource: 'events' };
  t.snapshot(renderList([status, event, { ...event, sequence: 5 }, waiting, parked]).join('\n'), 'list');
  t.snapshot(renderEntry(inFull).join('\n'), 'conflict');
  const refused = { at: parked.parked!.at, reason: 'the cloud refused it (403): no', code: 403, conflicts: [] };
  const create: EntryInFull = {
    ...inFull,
    verb: 'create',
    writes: 1,
    parked: refused,
    cloud: 'unknown',
    differences: [{ field: 'data.color', edge: 'blue', changedBy: 'edge', isConflict: false }],
  };
  t.snapshot(renderEntry(create).join('\n'), 'refused creation');
  t.snapshot(
    renderEntry({ ...inFull, cloud: 'absent', differences: inFull.differences.slice(1, 2) }).join('\n'),
    'gone',
  );
  t.snapshot(
    renderEntry({ ...inFull, verb: 'delete', differences: inFull.differences.slice(2) }).join('\n'),
    'deleted',
  );
  const { parked: _no, ...notParked } = inFull;
  const made: EntryInFull = {
    ...inFull,
    verb: 'create',
    differences: [
      { field: 'metadata.name', edge: 'web', cloud: 'web', changedBy: 'alike', isConflict: false },
      { field: 'data.size', edge: '1', cloud: '1', changedBy: 'alike', isConflict: false },
      { field: 'data.color', edge: 'red', cloud: 'blue', changedBy: 'both', isConflict: true },
    ],
  };
  t.snapshot(renderEntry(made).join('\n'), 'made on both sides');
  const gone = [{ field: 'data.color', base: 'red', changedBy: 'edge', isConflict: false }] as const;
  const deleted: EntryInFull = { ...notParked, state: 'queued', verb: 'delete', cloud: 'unknown', differences: gone };
  t.snapshot(renderEntry(deleted).join('\n'), 'a deletion that waits');
  t.snapshot(renderEntry({ ...notParked, state: 'queued', cloud: 'unknown' }).join('\n'), 'waiting');
  const tried = { reason: 'the cloud answered 503: not now', code: 503, tries: 4, lastAt: '2026-11-21T10:00:05.000Z' };
  const putOff: EntryInFull = { ...notParked, state: 'sent', cloud: 'unknown', tried: { ...tried, nextInSeconds: 20 } };
  t.snapshot(renderEntry(putOff).join('\n'), 'put off');
  const cutOff: EntrySummary = { ...waiting, sequence: 8, tried: { ...tried, tries: 1, nextInSeconds: null } };
  t.snapshot(renderList([waiting, putOff, cutOff]).join('\n'), 'list of what was put off');
});

test('long values are shown where they begin to differ', (t) => {
  const text = (word: string) => `${'the same line\\n'.repeat(50)}here: ${word}\\n${'and more\\n'.repeat(50)}`;
  const lines = renderEntry({
    ...inFull,
    differences: [
      { field: 'data.f', base: text('a'), edge: text('b'), cloud: text('c'), changedBy: 'both', isConflict: true },
    ],
  });
  const shown = lines.filter((line) => /^ {4}(before|here|cloud)/.test(line));
  t.is(shown.length, 3);
  for (const [index, word] of ['a', 'b', 'c'].entries()) {
    t.regex(shown[index]!, new RegExp(`….*here: ${word}.*…$`));
    t.true(shown[index]!.length < 120);
  }
});

test('nothing that was written reaches the terminal as a command', (t) => {
  const evil = '\u001b[2J\u009b1m\u202e';
  const lines = [
    ...renderList([
      { ...parked, writer: { ...parked.writer, name: evil }, parked: { ...parked.parked!, reason: evil } },
    ]),
    ...renderEntry({
      ...inFull,
      writer: { identity: evil, name: evil, userAgent: evil, fieldManager: evil },
      differences: [{ field: `data.${evil}`, edge: evil, changedBy: 'both', isConflict: true }],
    }),
    ...renderRetry({ sequence: 1, path: '', conclusion: 'parked', parked: { ...parked.parked!, reason: evil } }, false),
  ];
  t.notRegex(lines.join(''), /[\p{Cc}\p{Cf}]/u);
});

test('list and show tell of a parked write; json has everything', async (t) => {
  const { run } = await openPort(t);
  const list = await run(['outbox', 'list']);
  t.is(list.code, 0);
  t.regex(
    list.out,
    /^1 +PARKED +update +configmaps default\/web +system:serviceaccount:default:writer +1 .*both sides changed data\.color/m,
  );
  t.is(JSON.parse((await run(['outbox', 'list', '--output', 'json'])).out)[0].sequence, 1);
  const show = await run(['outbox', 'show', '1']);
  t.regex(show.out, /! data\.color: both sides changed it\n +before +"red"\n +here +"blue"\n +cloud +"green"/);
  t.is(JSON.parse((await run(['outbox', 'show', '1', '--output=json'])).out).sides.edge.data.color, 'blue');
});

test('retry says what came of it: parked again is exit code 1, and --mine decides', async (t) => {
  const { run, stage } = await openPort(t);
  const again = await run(['outbox', 'retry', '1']);
  t.is(again.code, 1);
  t.regex(again.out, /write 1: parked again: both sides changed data\.color.*\n +holdfast outbox retry 1 --mine/);
  t.deepEqual(await run(['outbox', 'retry', '1', '--mine']), { code: 0, out: 'write 1: the cloud has it', error: '' });
  t.is(dataOf(stage.cloud, 'web')?.color, 'blue');
  t.deepEqual(await run(['outbox', 'retry', '1']), {
    code: 1,
    out: '',
    error: 'holdfast: no write 1 is waiting or parked here',
  });
});

test('retry all tries every parked one', async (t) => {
  const { run, stage } = await openPort(t);
  stage.link.set(false);
  stage.cloud.put(`${maps}/old`, configMap('old', { a: '1' }));
  await stage.delete('old');
  stage.cloud.put(`${maps}/old`, configMap('old', { a: '2' }));
  await stage.heal();
  const both = await run(['outbox', 'retry', 'all', '--mine', '--output', 'json']);
  t.deepEqual(
    JSON.parse(both.out).map(({ conclusion }: { conclusion: string }) => conclusion),
    ['applied', 'applied'],
  );
  t.is((await run(['outbox', 'retry', 'all'])).out, 'Nothing is parked.');
});

test('drop asks, and without a terminal needs --yes; only a yes drops', async (t) => {
  const { run, stage, directory } = await openPort(t);
  const nobody = await run(['outbox', 'drop', '1']);
  t.is(nobody.code, 2);
  t.regex(nobody.error, /give --yes/);
  const asked: string[] = [];
  for (const word of ['', 'n', 'yesterday']) {
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return word;
    };
    const no = await run(['outbox', 'drop', '1'], { ask });
    t.is(no.code, 1);
    t.is(no.error, 'Nothing was dropped.');
  }
  t.regex(
    asked[0]!,
    /^Drop write 1 \(update of configmaps default\/web by system:serviceaccount:default:writer\)\? .* \[y\/N\] $/,
  );
  t.is(stage.writes.outbox.get(1)?.state, 'parked');
  const yes = await run(['outbox', 'drop', '1'], { ask: async () => 'y' });
  const copy = join(directory, 'outbox-dropped.jsonl');
  t.deepEqual(yes, { code: 0, out: `write 1: dropped; a copy is in ${copy}`, error: '' });
  t.true((await readFile(copy, 'utf8')).includes('blue'));
});

test('drop all asks once, and one that is on its way is not dropped', async (t) => {
  const { run, stage } = await openPort(t);
  stage.link.set(false);
  await stage.patch('web', { data: { late: 'yes' } });
  const [, late] = stage.writes.outbox.entries;
  const refused = await run(['outbox', 'drop', String(late!.sequence), '--yes']);
  t.is(refused.code, 1);
  t.regex(refused.error, /is not parked: it goes to the cloud by itself/);
  t.regex((await run(['outbox', 'drop', 'all', '--yes'])).out, /^write 1: dropped/);
  t.is(stage.writes.outbox.get(late!.sequence)?.state, 'queued');
  t.is((await run(['outbox', 'drop', 'all', '--yes'])).out, 'Nothing is parked.');
});

test('an export can be put elsewhere, over nothing that is there', async (t) => {
  const { run, directory } = await openPort(t);
  const to = join(directory, 'elsewhere.json');
  const done = await run(['outbox', 'export', '--to', to]);
  t.regex(done.out, /^1 write exported to .*elsewhere\.json, values of Secrets in the clear/);
  t.is((await stat(to)).mode & 0o777, 0o600);
  t.is(JSON.parse(await readFile(to, 'utf8')).entries.length, 1);
  const again = await run(['outbox', 'export', '--to', to]);
  t.is(again.code, 1);
  t.regex(again.error, /the export stays in .*outbox-export-\w+\.json, for it cannot be put to .*EEXIST/);
});

test('without the token, or without a daemon, the command says what to do', async (t) => {
  const server = await createAdminPort(t);
  const { port } = await listenAdmin(server.server, { host: '127.0.0.1', port: 0 });
  const say = async () => {
    const terminal = recordTerminal();
    t.is(await main(['outbox', 'show', '1', `--admin=127.0.0.1:${port}`, '--data-dir=/nowhere'], terminal), 1);
    return terminal.complained.join('\n');
  };
  t.regex(
    await say(),
    /needs the token.*admin-token; run this as the daemon's user, usually root, and give its --data-dir/,
  );
  await server.server.close();
  t.regex(await say(), /^holdfast: no Holdfast daemon answers on 127\.0\.0\.1:\d+: start one with/);
});

test('a word that is no number is wrong usage, and a switch takes no value', async (t) => {
  const { run } = await openPort(t);
  for (const [words, text] of [
    [['outbox', 'show', 'one'], /"one" is no number of a write/],
    [['outbox', 'retry', '1', '--mine=no'], /--mine: takes no value/],
    [['outbox', 'drop'], /holdfast outbox drop takes N\|all, got none/],
    [['outbox', 'shwo', '1'], /there are holdfast outbox list, holdfast outbox show/],
  ] as const) {
    const { code, error } = await run(words);
    t.is(code, 2, words.join(' '));
    t.regex(error, text);
  }
});
