// `holdfast outbox retry N|all`: tries parked writes once more, and says what came of each. Exit code 1 when one was parked
// again.
import type { RetryAnswer } from '../hub/admin/outbox-routes.ts';
import { askOutbox, parkedWrites } from './ask-outbox.ts';
import type { Invocation, Terminal } from './command.ts';
import { retryOptions } from './commands.ts';
import { renderRetry } from './outbox-text.ts';
import { readOptions } from './read-options.ts';

/** Usually the cloud answers well within this. */
const patienceMs = 5_000;

export async function outboxRetry({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, mine, ...whom } = await readOptions(retryOptions, flags, terminal);
  const answers: RetryAnswer[] = [];
  let waitMs = patienceMs;
  const parked = await parkedWrites(whom, word);
  for (const { sequence } of parked) {
    const answer = await askOutbox<RetryAnswer>(whom, `/outbox/${sequence}/retry`, { mine, waitMs });
    answers.push(answer);
    if (output === 'text') terminal.print(renderRetry(answer, mine).join('\n'));
    // The cloud is away, then, or has much to do: no use in waiting for each of the others.
    if (answer.conclusion === 'waiting') waitMs = 0;
  }
  if (output === 'json') terminal.print(JSON.stringify(word === 'all' ? answers : answers[0], null, 2));
  else if (parked.length === 0) terminal.print('Nothing is parked.');
  return answers.some(({ conclusion }) => conclusion === 'parked') ? 1 : 0;
}
