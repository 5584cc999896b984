// The cluster as a machine sees it that is not a node yet: a few questions, one at a time, each answered or explained.
import type { Clock } from '../../apimachinery/clock.ts';
import type { CloudRequest } from '../../cache/outbox/cloud.ts';
import type { UpstreamCredentials } from '../upstream/credentials.ts';
import { UpstreamUnreachableError } from '../upstream/errors.ts';
import type { ProxyVariables } from '../upstream/proxy-for.ts';
import { Servers } from '../upstream/servers.ts';
import { createCloud } from '../upstream/transport.ts';
import { Upstream } from '../upstream/upstream.ts';
import { JoinError } from './join-error.ts';

export interface ApiserverOptions {
  readonly servers: readonly string[];
  /** A token is the caller's own; a certificate the node's. */
  readonly credentials: UpstreamCredentials;
  readonly clock: Clock;
  /** HTTPS_PROXY and the like. */
  readonly proxyVariables: ProxyVariables;
}

export interface ApiserverAnswer {
  readonly statusCode: number;
  /** What its `Date` says, in milliseconds since the epoch; undefined when it says nothing. */
  readonly dateMs: number | undefined;
  /** The JSON in the body; undefined when it is none. */
  readonly body: unknown;
  /** The message of a Status, else the beginning of the body. */
  readonly message: string;
}

export interface Apiserver extends Disposable {
  /** @throws JoinError when no answer comes */
  ask(method: CloudRequest['method'], path: string, signal: AbortSignal, body?: object): Promise<ApiserverAnswer>;
}

const patienceMs = 20_000;

/** @throws UnusableCredentialsError, ProxyRefusedError */
export function openApiserver({ servers, credentials, clock, proxyVariables }: ApiserverOptions): Apiserver {
  const upstream = new Upstream({
    servers: new Servers(servers),
    credentials: { ...credentials, token: undefined },
    clock,
    proxyVariables,
    connectTimeoutMs: 10_000,
  });
  const cloud = createCloud(upstream);
  const { token } = credentials;
  const credential = token === undefined ? ({ kind: 'node' } as const) : ({ kind: 'bearer', token } as const);
  return {
    async ask(method, path, signal, body) {
      const ending = new AbortController();
      const patience = ending.signal;
      const timer = clock.setTimeout(() => ending.abort(new Error('it took too long')), patienceMs);
      try {
        const {
          statusCode,
          headers,
          body: bytes,
        } = await cloud.send({
          credential,
          method,
          path,
          userAgent: 'holdfast-join',
          signal: AbortSignal.any([signal, patience]),
          ...(body !== undefined && { body: Buffer.from(JSON.stringify(body)) }),
        });
        const text = bytes.toString('utf8');
        const json = jsonOf(text);
        const dateMs = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN;
        const message = (json as { message?: unknown } | undefined)?.message;
        return {
          statusCode,
          dateMs: Number.isNaN(dateMs) ? undefined : dateMs,
          body: json,
          message: typeof message === 'string' ? message : text.slice(0, 200).trim(),
        };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (patience.aborted) {
          throw unreachable(
            servers,
            `gave no answer within ${patienceMs / 1000} s`,
            'see whether it is overloaded',
            error,
          );
        }
        throw explained(servers, error);
      } finally {
        timer.cancel();
      }
    },
    [Symbol.dispose]: () => upstream.close(),
  };
}

function explained(servers: readonly string[], error: unknown): unknown {
  if (!(error instanceof UpstreamUnreachableError)) return error;
  const { reason } = error;
  if (codes(error).some((code) => code === 'CERT_NOT_YET_VALID' || code === 'CERT_HAS_EXPIRED')) {
    return new JoinError(
      'HOLDFAST_JOIN_CLOCK',
      `the certificate of ${error.server} is not valid at ${new Date().toISOString().slice(0, 16)}Z, which is the time by this machine's clock: set the clock right (\`timedatectl\`); if it is right, the cluster has to renew its certificate`,
      { cause: error },
    );
  }
  if (reason === 'certificate-not-trusted' || reason === 'certificate-for-another-name') {
    const what =
      reason === 'certificate-not-trusted'
        ? 'is not signed by the CA that was given or found: give the right one (--ca-hash, --ca-file), or somebody else answers at that address'
        : 'is made out for another name or address: give a --server URL with one that stands in it';
    return new JoinError('HOLDFAST_JOIN_AUTHORITY', `the certificate of ${error.server} ${what}`, { cause: error });
  }
  if (reason === 'credential-refused') {
    return new JoinError(
      'HOLDFAST_JOIN_TOKEN',
      `${error.server} does not accept the certificate that was shown to it (401): it has expired, was issued by another CA, or is another cluster's; join with a token (\`kubeadm token create --print-join-command\`)`,
      { cause: error },
    );
  }
  const advice = adviceOf[reason] ?? `see whether this machine reaches it, e.g. \`curl -k ${servers[0]}/version\``;
  return unreachable(servers, reason.replaceAll('-', ' '), advice, error);
}

const adviceOf: Readonly<Record<string, string>> = {
  'connection-refused': 'is the address right, and does a kube-apiserver listen there?',
  'no-route': 'this machine has no route to it: look at its network and default route',
  'connect-timeout': 'packets get lost on the way: look at routes and firewalls',
  'name-not-resolved': "its name cannot be resolved: give its address, or mend this machine's DNS",
  'forbidden-by-firewall': 'a firewall on this machine forbids it',
  'gateway-answered': 'something before it, a load balancer or a proxy, answers in its place',
};

function unreachable(servers: readonly string[], what: string, advice: string, cause: unknown): JoinError {
  return new JoinError('HOLDFAST_JOIN_UNREACHABLE', `no answer from ${servers.join(', ')} (${what}): ${advice}`, {
    cause,
  });
}

/** Of an error and of what caused it. */
function codes(error: unknown): unknown[] {
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return cause instanceof Error ? [code, ...codes(cause)] : [code];
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not from an apiserver, or no JSON: the caller looks at the status code and the message
  }
}
