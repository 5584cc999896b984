// Lets a daemon run until it ends or the process is told to end. The first SIGINT or SIGTERM asks it to finish; another
// one a second or more later, or five seconds without an end, make the process exit at once. Closer repeats are one
// keypress: a terminal sends Ctrl-C to npm and to us, and npm sends it on.
import closeWithGrace from 'close-with-grace';
import type { Terminal } from './command.ts';
import { explainFailure } from './explain-failure.ts';

const graceMs = 4_800;
const oneKeypressMs = 1_000;
const endingSignals = ['SIGINT', 'SIGTERM'] as const;

/** @returns the exit code: 0 when `work` ended as asked, 1 when it failed, which is then said */
export async function untilSignalled(
  work: (signal: AbortSignal) => Promise<void>,
  terminal: Pick<Terminal, 'complain' | 'now'>,
): Promise<number> {
  const ending = new AbortController();
  const finished = Promise.withResolvers<{ isFailed: boolean }>();
  const grace = closeWithGrace(
    {
      delay: graceMs,
      logger: false,
      skip: [...endingSignals],
      onTimeout: () => terminal.complain(`holdfast: did not end within ${graceMs} ms; exiting anyway`),
    },
    async ({ err }) => {
      if (err !== undefined) terminal.complain(`holdfast: ${explainFailure(err)}`);
      ending.abort(err ?? new Error('told to end'));
      const { isFailed } = await finished.promise;
      if (isFailed) throw new Error('exit code 1');
    },
  );
  const onSignal = createSignalListener(grace.close, terminal);
  for (const signal of endingSignals) process.on(signal, onSignal);

  let isFailed = false;
  try {
    await work(ending.signal);
  } catch (error) {
    terminal.complain(`holdfast: ${explainFailure(error)}`);
    isFailed = true;
  }
  finished.resolve({ isFailed });
  if (!ending.signal.aborted) {
    grace.uninstall();
    for (const signal of endingSignals) process.removeListener(signal, onSignal);
  }
  return isFailed ? 1 : 0;
}

function createSignalListener(
  close: () => void,
  terminal: Pick<Terminal, 'complain' | 'now'>,
): (signal: NodeJS.Signals) => void {
  let firstAt: number | undefined;
  return (signal) => {
    const now = terminal.now().getTime();
    if (firstAt === undefined) {
      firstAt = now;
      close();
    } else if (now - firstAt >= oneKeypressMs) {
      terminal.complain(`holdfast: ${signal} once more; exiting at once`);
      process.exit(1);
    }
  };
}
