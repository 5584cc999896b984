// Asks the running daemon over its admin port. Says clearly when none answers there, or something else does.
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:tls';
import { type JsonObject, parseJson, stringifyJson } from '../apimachinery/json.ts';
import { formatHostPort, type HostPort } from '../hub/option-types.ts';

const whoMay = "run this as the daemon's user, usually root, and give its --data-dir if it is not the default";

/** The daemon did not give the answer wanted; the message says what to do. */
export class DaemonAnswerError extends Error {
  override readonly name = 'DaemonAnswerError';
  readonly code = 'HOLDFAST_DAEMON_ANSWER';
}

const patienceMs = 10_000;
const whereItIs =
  'say with --admin HOST:PORT where the daemon has its admin port (127.0.0.1:10267 unless told otherwise)';

export interface Question {
  /** GET, or with a body POST. */
  readonly body?: JsonObject;
  readonly token?: string | undefined;
}

/**
 * The JSON that the daemon answers, integers above 2^53 as bigints.
 * @throws DaemonAnswerError for anything else
 */
export async function askDaemon<Answer>(admin: HostPort, path: string, question: Question = {}): Promise<Answer> {
  const address = formatHostPort(admin);
  const { statusCode, text } = await fetchText(admin, path, question);
  const answer = jsonOf(text);
  if (statusCode === 200 && answer !== undefined) return answer as Answer;
  // Every admin port has these paths, so a 404 comes from an API port, which passes the question on to the cloud.
  const isAnotherPort = statusCode === 404 && !/^\/(cache\/object|outbox\/)/.test(path);
  if (isStatus(answer) && statusCode === 401) throw new DaemonAnswerError(`${answer.message}; ${whoMay}`);
  if (isStatus(answer) && !isAnotherPort) throw new DaemonAnswerError(answer.message);
  const said = isStatus(answer) ? answer.message : text.slice(0, 200).trim();
  throw new DaemonAnswerError(
    `what listens on ${address} is not Holdfast's admin port: it answered ${statusCode}: ${said}; ${whereItIs}`,
  );
}

async function fetchText(
  admin: HostPort,
  path: string,
  { body, token }: Question,
): Promise<{ statusCode: number; text: string }> {
  try {
    const { host, port } = admin;
    const headers = {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    const signal = AbortSignal.timeout(patienceMs);
    const asked = request({ host, port, path, method, headers, agent: false, signal });
    asked.end(body === undefined ? undefined : stringifyJson(body));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { statusCode: response.statusCode!, text };
  } catch (error) {
    throw new DaemonAnswerError(await whyNot(admin, error as NodeJS.ErrnoException), { cause: error });
  }
}

async function whyNot(admin: HostPort, { code, message }: NodeJS.ErrnoException): Promise<string> {
  const address = formatHostPort(admin);
  if (code === 'ECONNREFUSED') {
    return `no Holdfast daemon answers on ${address}: start one with \`holdfast run\`, or ${whereItIs}`;
  }
  if (code === 'ABORT_ERR')
    return `what listens on ${address} did not answer within ${patienceMs / 1000} s; ${whereItIs}`;
  if (await speaksTls(admin)) {
    return `${address} is not the admin port: it speaks TLS, as the API port for clients does (--listen); ${whereItIs}`;
  }
  return `what listens on ${address} gave no answer (${message}); ${whereItIs}`;
}

/** Whom we talk to does not matter: only whether a TLS handshake succeeds. */
function speaksTls({ host, port }: HostPort): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: patienceMs });
    const conclude = (isTls: boolean) => () => {
      resolve(isTls);
      socket.destroy();
    };
    socket.on('secureConnect', conclude(true)).on('error', conclude(false)).on('timeout', conclude(false));
    socket.on('close', conclude(false));
  });
}

function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined; // not JSON: the caller says what stands there instead
  }
}

function isStatus(answer: unknown): answer is { message: string } {
  return (
    typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'Status' && 'message' in answer
  );
}
