// Whose word is a refusal? A load balancer or an ingress answers 404 or 403 in HTML while the apiserver behind it is away:
// believed, that would end rights and forget objects that are as true as before. Pure.

/** What of an answer is looked at. */
export interface AnswerHead {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/**
 * True for an answer that the apiserver itself has written: it marks its answers with an Audit-Id and writes errors as a
 * Status in JSON, protobuf or CBOR.
 */
export function isApiserverAnswer(headers: AnswerHead['headers']): boolean {
  if (headers['audit-id'] !== undefined) return true;
  const type = headers['content-type'];
  return typeof type === 'string' && /^application\/(json|vnd\.kubernetes\.protobuf|cbor)\b/.test(type);
}

/**
 * True for a 401 of an aggregated API, which the kube-apiserver only passed on: it knew the caller. Before it passes anything on
 * it files the request under a flow schema, and it does so only when it knows who asks, so its own 401 names none. Where
 * priority and fairness is turned off no answer names one, and every 401 counts as the kube-apiserver's.
 */
export function isRefusedBehind({ statusCode, headers }: AnswerHead): boolean {
  return statusCode === 401 && headers['x-kubernetes-pf-flowschema-uid'] !== undefined;
}
