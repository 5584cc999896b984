// Reviews of the caller: who am I, may I. Answered, never stored.

import { apiVersionOf } from '../apimachinery/group-version-resource.ts';
import { parseRequestInfo } from '../apimachinery/request-info.ts';
import { type Call, readDocument } from './call.ts';
import { encodeJson } from './document.ts';
import { mapAt, textAt } from './field-path.ts';
import type { ResourceDefinition } from './resource-definitions.ts';
import { timestamp } from './timing.ts';

export async function handleReview(call: Call, { kind, gvr }: ResourceDefinition): Promise<void> {
  const { request, user, reply, clock } = call;
  const head = { kind, apiVersion: apiVersionOf(gvr), metadata: { creationTimestamp: timestamp(clock.now()) } };
  if (kind === 'SelfSubjectReview') {
    // Its body says nothing, whatever it is encoded in.
    const status = { userInfo: { username: user.name, groups: user.groups } };
    return reply.json(201, encodeJson({ ...head, status }));
  }
  const review = await readDocument(request, ['application/json']);
  return reply.json(201, encodeJson({ ...head, spec: review.spec, status: { allowed: isAllowed(call, review) } }));
}

const methods: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' };

/** Asks the same hook that guards requests, with the request the review describes. */
function isAllowed({ authorize, user }: Call, review: unknown): boolean {
  const asked = mapAt(review, 'spec.resourceAttributes');
  const [group, version, resource] = [
    textAt(asked, 'group'),
    textAt(asked, 'version', 'v1'),
    textAt(asked, 'resource'),
  ];
  if (resource === '' || resource === '*')
    return authorize(user, parseRequestInfo('GET', textAt(review, 'spec.nonResourceAttributes.path', '/')));
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const namespace = textAt(asked, 'namespace');
  const parts = [resource, textAt(asked, 'name'), textAt(asked, 'subresource')].filter((part) => part !== '');
  const path = [root, ...(namespace === '' ? [] : ['namespaces', namespace]), ...parts.map(encodeURIComponent)].join(
    '/',
  );
  const verb = textAt(asked, 'verb');
  return authorize(user, parseRequestInfo(methods[verb] ?? 'GET', verb === 'watch' ? `${path}?watch=true` : path));
}
