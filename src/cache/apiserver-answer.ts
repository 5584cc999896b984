// Whose word is a refusal? A load balancer or an ingress answers 404 or 403 in HTML while the apiserver behind it is away:
// believed, that would end rights and forget objects that are as true as before. Pure.

/**
 * True for an answer that the apiserver itself has written: it marks its answers with an Audit-Id and writes errors as a
 * Status in JSON, protobuf or CBOR.
 */
export function isApiserverAnswer(headers: Readonly<Record<string, string | readonly string[] | undefined>>): boolean {
  if (headers['audit-id'] !== undefined) return true;
  const type = headers['content-type'];
  return typeof type === 'string' && /^application\/(json|vnd\.kubernetes\.protobuf|cbor)\b/.test(type);
}
