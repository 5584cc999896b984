// The same request to a hub whose link is cut and to the apiserver itself, which knows the same objects: what they answer
// is the same but for what only one of them can give.
import type { ExecutionContext } from 'ava';
import type { Answer } from './api-client.ts';

// biome-ignore lint/suspicious/noExplicitAny: answers of every kind
type Body = any;

/** Of metadata: what each gives in its own way, and so cannot be the same. */
const given = ['resourceVersion', 'managedFields', 'selfLink'];
/** For an object that each makes by itself. */
const givenAtCreation = ['uid', 'creationTimestamp'];

/** Status code, media type and body. */
export function sameAsCloud(t: ExecutionContext, edge: Answer, cloud: Answer, about = ''): void {
  t.is(edge.status, cloud.status, `${about}: ${edge.raw} instead of ${cloud.raw}`);
  t.is(edge.headers['content-type'], cloud.headers['content-type'], about);
  const isNew = cloud.status === 201;
  t.deepEqual(comparable(edge.body, isNew), comparable(cloud.body, isNew), about);
}

export function comparable(body: Body, isNew = false): Body {
  if (body?.kind === 'Status') return withSingleCauses(body);
  if (body?.metadata === undefined) return body;
  const metadata = { ...body.metadata };
  for (const key of isNew ? [...given, ...givenAtCreation] : given) delete metadata[key];
  return { ...body, metadata };
}

/** The apiserver looks at metadata twice and names a problem there twice. */
function withSingleCauses(status: Body): Body {
  const causes = status.details?.causes;
  if (causes === undefined) return status;
  const texts: string[] = causes.map((cause: Body) => JSON.stringify(cause));
  const single = causes.filter((_: Body, i: number) => texts.indexOf(texts[i] ?? '') === i);
  return { ...status, details: { ...status.details, causes: single } };
}
