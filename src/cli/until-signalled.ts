// Lets a daemon run until it ends or the process is told to end. The first signal asks it to finish, a second one, or
// five seconds without an end, make the process exit at once.
import closeWithGrace from 'close-with-grace';
import type { Terminal } from './command.ts';
import { explainFailure } from './explain-failure.ts';

const graceMs = 4_800;

/** @returns the exit code: 0 when `work` ended as asked, 1 when it failed */
export async function untilSignalled(
  work: (signal: AbortSignal) => Promise<void>,
  terminal: Pick<Terminal, 'complain'>,
): Promise<number> {
  const ending = new AbortController();
  const finished = settle(work, ending.signal);
  const grace = closeWithGrace(
    {
      delay: graceMs,
      logger: false,
      onTimeout: () => terminal.complain(`holdfast did not end within ${graceMs} ms; exiting anyway`),
      onSecondSignal: () => terminal.complain('told to end a second time; exiting at once'),
    },
    async ({ err }) => {
      if (err !== undefined) terminal.complain(explainFailure(err));
      ending.abort(err ?? new Error('told to end'));
      const failure = await finished;
      if (failure !== undefined) throw failure.error;
    },
  );
  const failure = await finished;
  if (ending.signal.aborted) return failure === undefined ? 0 : 1;
  grace.uninstall();
  if (failure === undefined) return 0;
  terminal.complain(explainFailure(failure.error));
  return 1;
}

async function settle(
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<{ error: unknown } | undefined> {
  try {
    await work(signal);
    return undefined;
  } catch (error) {
    return { error };
  }
}
