// `holdfast outbox drop N|all`: gives parked writes up, after asking. The daemon keeps a copy of each first.
import type { DropAnswer } from '../hub/admin/outbox-routes.ts';
import { UsageError } from '../hub/parse-options.ts';
import { DaemonAnswerError } from './ask-daemon.ts';
import { askOutbox, parkedWrites, sequenceOf } from './ask-outbox.ts';
import type { Invocation, Terminal } from './command.ts';
import { dropOptions } from './commands.ts';
import { describeEntry } from './outbox-text.ts';
import { readOptions } from './read-options.ts';

export async function outboxDrop({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, yes, ...whom } = await readOptions(dropOptions, flags, terminal);
  if (word !== 'all') sequenceOf(word);
  if (!yes && terminal.ask === undefined) {
    throw new UsageError(['outbox drop asks before it drops, and nobody is at a terminal to answer: give --yes']);
  }
  const parked = await parkedWrites(whom, word);
  const underWay = parked.find(({ state }) => state !== 'parked');
  if (underWay !== undefined) {
    throw new DaemonAnswerError(`write ${describeEntry(underWay)} is not parked: it goes to the cloud by itself`);
  }
  if (!yes && parked.length > 0) {
    const what = parked.length === 1 ? `write ${describeEntry(parked[0]!)}` : `all ${parked.length} parked writes`;
    const answer = await terminal.ask!(`Drop ${what}? What the cloud has stands; a copy is kept. [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) {
      terminal.complain('Nothing was dropped.');
      return 1;
    }
  }
  const answers: DropAnswer[] = [];
  for (const { sequence } of parked) {
    const answer = await askOutbox<DropAnswer>(whom, `/outbox/${sequence}/drop`, {});
    answers.push(answer);
    if (output === 'text') terminal.print(`write ${sequence}: dropped; a copy is in ${answer.copy}`);
  }
  if (output === 'json') terminal.print(JSON.stringify(word === 'all' ? answers : answers[0], null, 2));
  else if (parked.length === 0) terminal.print('Nothing is parked.');
  return 0;
}
