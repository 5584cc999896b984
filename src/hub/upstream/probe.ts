// One question to a server on a connection that nobody used before: is an apiserver there?
import type { Dispatcher } from 'undici';
import { CredentialRefusedError, ExchangeEndedError, GatewayAnsweredError } from './errors.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream.ts';

export interface ProbeAnswer {
  /** `/readyz` said so. False while an apiserver starts or stops: it is there, but some of it is not. */
  readonly isReady: boolean;
}

/** /readyz is readable by everyone who can authenticate, and usually by everyone (system:public-info-viewer). */
const path = '/readyz';
const keptBodyBytes = 4096;

/**
 * Resolves with any answer that an apiserver can have given, also 403, 429 and 500.
 * @throws CredentialRefusedError for 401 where the node shows a credential: nothing of the node's gets through then
 * @throws GatewayAnsweredError for 502, 503 and 504 without a metav1.Status: those a load balancer writes in its place
 * @throws what kept it from an answer; the signal's reason when it aborts
 */
export async function probe(upstream: Upstream, server: Server, signal: AbortSignal): Promise<ProbeAnswer> {
  signal.throwIfAborted();
  const client = upstream.openClient(server, 'node');
  const answer = Promise.withResolvers<{ statusCode: number; body: string }>();
  const onAbort = (): void => answer.reject(signal.reason);
  signal.addEventListener('abort', onAbort);
  const authorization = upstream.nodeAuthorization;
  const headers = { accept: '*/*', 'user-agent': 'holdfast', ...(authorization !== undefined && { authorization }) };
  try {
    client.dispatch({ path: server.basePath + path, method: 'GET', headers, reset: true }, collector(answer));
    const said = await answer.promise;
    if (said.statusCode === 401 && upstream.hasNodeCredential && isStatus(said.body))
      throw new CredentialRefusedError();
    return judge(said);
  } finally {
    signal.removeEventListener('abort', onAbort);
    client.destroy(new ExchangeEndedError('cancelled', 'the probe is over'), () => {});
  }
}

/** Pure. */
export function judge({ statusCode, body }: { readonly statusCode: number; readonly body: string }): ProbeAnswer {
  const isUnavailable = statusCode === 502 || statusCode === 503 || statusCode === 504;
  if (isUnavailable && !isStatus(body)) throw new GatewayAnsweredError(statusCode);
  return { isReady: statusCode < 500 };
}

function isStatus(body: string): boolean {
  return /"kind"\s*:\s*"Status"/.test(body);
}

function collector(answer: PromiseWithResolvers<{ statusCode: number; body: string }>): Dispatcher.DispatchHandler {
  let statusCode = 0;
  let body = '';
  return {
    onRequestStart() {},
    onResponseStart(_controller, status) {
      statusCode = status;
    },
    onResponseData(_controller, chunk) {
      if (body.length < keptBodyBytes) body += chunk.toString('latin1');
    },
    onResponseEnd() {
      answer.resolve({ statusCode, body });
    },
    onResponseError(_controller, error) {
      answer.reject(error);
    },
  };
}
