// Asks the running daemon over its admin port. Says clearly when none answers there.
import { formatHostPort, type HostPort } from '../hub/option-types.ts';

/** The daemon did not give the answer wanted; the message says what to do. */
export class DaemonAnswerError extends Error {
  override readonly name = 'DaemonAnswerError';
  readonly code = 'HOLDFAST_DAEMON_ANSWER';
}

const patienceMs = 10_000;

/** The JSON that the daemon answers to GET path. @throws DaemonAnswerError for anything else */
export async function askDaemon<Answer>(admin: HostPort, path: string): Promise<Answer> {
  const address = formatHostPort(admin);
  const { statusCode, text } = await fetchText(`http://${address}${path}`, address);
  const answer = parseJson(text);
  if (statusCode === 200 && answer !== undefined) return answer as Answer;
  const message = isStatus(answer) ? answer.message : `it answered ${statusCode}: ${text.slice(0, 200)}`;
  if (isStatus(answer)) throw new DaemonAnswerError(message);
  throw new DaemonAnswerError(
    `what listens on ${address} is not Holdfast: ${message}. Say with --admin HOST:PORT where the daemon is`,
  );
}

async function fetchText(url: string, address: string): Promise<{ statusCode: number; text: string }> {
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
    return { statusCode: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED') {
      throw new DaemonAnswerError(
        `no Holdfast daemon answers on ${address}. Start one with \`holdfast run\`, or say with --admin HOST:PORT where it is`,
        { cause: error },
      );
    }
    const why = cause instanceof Error ? cause.message : String(error);
    throw new DaemonAnswerError(`the daemon on ${address} did not answer: ${why}`, { cause: error });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the caller says what stands there instead
  }
}

function isStatus(answer: unknown): answer is { message: string } {
  return (
    typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'Status' && 'message' in answer
  );
}
