// Names for failures of connections, the same whether the kernel, OpenSSL or the HTTP client noticed. Pure.

const reasonByCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection-refused',
  EHOSTUNREACH: 'no-route',
  ENETUNREACH: 'no-route',
  EADDRNOTAVAIL: 'no-route',
  ENETDOWN: 'no-route',
  EHOSTDOWN: 'no-route',
  EPERM: 'forbidden-by-firewall',
  EACCES: 'forbidden-by-firewall',
  ETIMEDOUT: 'connect-timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  ENOTFOUND: 'name-not-resolved',
  EAI_AGAIN: 'name-not-resolved',
  ECONNRESET: 'connection-reset',
  EPIPE: 'connection-reset',
  ECONNABORTED: 'connection-reset',
  UND_ERR_SOCKET: 'connection-closed',
  UND_ERR_DESTROYED: 'closing',
  UND_ERR_CLOSED: 'closing',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'body-too-short',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'body-cut',
  UND_ERR_HEADERS_OVERFLOW: 'malformed-head',
  HOLDFAST_PROXY_REFUSED: 'proxy-refused',
  HOLDFAST_UNUSABLE_CREDENTIALS: 'unusable-credentials',
  HOLDFAST_GATEWAY_ANSWERED: 'gateway-answered',
  HOLDFAST_CREDENTIAL_REFUSED: 'credential-refused',
  EPROTO: 'tls-failure',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-not-trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-not-trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-not-trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-not-trusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-for-another-name',
};

/** A hyphenated word that says why; `unknown-failure` when nothing is known. */
export function failureReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown-failure';
  if ('reason' in error && typeof error.reason === 'string' && isWord(error.reason)) return error.reason;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = reasonByCode[code];
  if (known !== undefined) return known;
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'tls-failure';
  if (code.startsWith('CERT_')) return 'certificate-not-trusted';
  if (code.startsWith('HPE_')) return 'not-http';
  if (error instanceof AggregateError && error.errors.length > 0) return failureReason(error.errors[0]);
  if (error.cause !== undefined) return failureReason(error.cause);
  return code === '' ? 'unknown-failure' : code.toLowerCase().replaceAll('_', '-');
}

/** OpenSSL also puts a `reason` on its errors, in words with spaces. */
function isWord(text: string): boolean {
  return /^[a-z][a-z-]*$/.test(text);
}

/** True when the connection broke, rather than could not be made: what a server does that closes an idle connection. */
export function isBrokenConnection(error: unknown): boolean {
  const reason = failureReason(error);
  return reason === 'connection-reset' || reason === 'connection-closed';
}

/** The HTTP client would not write the request down; no connection was touched. */
export function isUnwritable(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED';
}
