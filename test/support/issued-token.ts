// A TokenRequest and the cloud's answer to it, as a kube-apiserver gives it for a pod.
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { formatTime } from '../../src/apimachinery/schema/timestamp.ts';
import type { AskedToken } from '../../src/cache/tokens/asked-token.ts';
import { jwt } from '../hub/identity/tokens.ts';

export function askedToken(changes: Partial<AskedToken> = {}): AskedToken {
  const pod = { namespace: 'default', name: 'web', uid: 'uid-of-web' };
  return { namespace: 'default', serviceAccount: 'web', audiences: [], expirationSeconds: 3607, pod, ...changes };
}

export interface Issue {
  readonly issuedMs: number;
  /** Of the JWT. */
  readonly lifeSeconds: number;
  /** The lifetime the cloud grants; default the one asked for. */
  readonly grantedSeconds?: number;
  readonly audiences?: readonly string[];
}

export function issuedAnswer(asked: AskedToken, issue: Issue): JsonObject {
  const { issuedMs, lifeSeconds, grantedSeconds = asked.expirationSeconds } = issue;
  const iat = Math.floor(issuedMs / 1000);
  const aud = issue.audiences ?? ['https://kubernetes.default.svc'];
  const sub = `system:serviceaccount:${asked.namespace}:${asked.serviceAccount}`;
  return {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name: asked.serviceAccount, namespace: asked.namespace },
    spec: { audiences: aud, expirationSeconds: grantedSeconds },
    status: {
      token: jwt({ aud, iat, nbf: iat, exp: iat + lifeSeconds, iss: 'https://kubernetes.default.svc', sub }),
      expirationTimestamp: formatTime(iat + grantedSeconds)!,
    },
  };
}
