// The requests that bring one owed write to the cloud: under its writer's name, and with what makes them safe to repeat.
import { type JsonObject, stringifyJson } from '../../apimachinery/json.ts';
import { type Credential, nodeCredential } from '../credential.ts';
import type { Cloud, CloudAnswer, CloudRequest } from './cloud.ts';
import { isEvent, type OutboxEntry, targetPath } from './entry.ts';
import { asIfGot, listOfOne, nodeOfOwnPod } from './look-at-own-pod.ts';
import type { Step } from './next-step.ts';
import { updateRequest } from './update-request.ts';

interface ReplayRequests {
  readonly look: () => Promise<CloudAnswer>;
  /** `seen`: what the cloud was just seen to have, if it was looked at. */
  readonly perform: (
    step: Extract<Step, { kind: 'create' | 'update' | 'delete' }>,
    seen: JsonObject | undefined,
  ) => Promise<CloudAnswer>;
}

export function replayRequests(
  entry: OutboxEntry,
  { cloud, token, signal }: { cloud: Cloud; token: string | undefined; signal: AbortSignal },
): ReplayRequests {
  const { target, writer } = entry;
  const credential: Credential = token === undefined ? nodeCredential : { kind: 'bearer', token };
  const path = targetPath(target);
  const query = queryOf(entry);
  const ask = (
    method: CloudRequest['method'],
    to: string,
    body?: JsonObject,
    contentType = 'application/json',
  ): Promise<CloudAnswer> =>
    cloud.send({
      credential,
      method,
      path: to,
      userAgent: writer.userAgent,
      signal,
      ...(body !== undefined && { body: Buffer.from(stringifyJson(body)), contentType }),
    });
  return {
    look: async () => {
      // Who may patch Events need not be allowed to get them.
      if (isEvent(entry)) return ask('PATCH', path, {}, 'application/merge-patch+json');
      const nodeName = nodeOfOwnPod(entry);
      return nodeName === undefined ? ask('GET', path) : asIfGot(await ask('GET', listOfOne(target, nodeName)));
    },
    perform: (step, seen) => {
      if (step.kind === 'create') return ask('POST', path.slice(0, path.lastIndexOf('/')) + query, step.body);
      const part = target.subresource === '' ? path : `${path}/${target.subresource}`;
      if (step.kind === 'update') {
        const { method, body, contentType } = updateRequest(entry, seen ?? entry.before, step.body);
        return ask(method, part + query, body, contentType);
      }
      return ask('DELETE', path, deleteOptions(entry, step));
    },
  };
}

function queryOf({ writer, isStrict }: OutboxEntry): string {
  const parameters = [
    ...(writer.fieldManager === '' ? [] : [`fieldManager=${encodeURIComponent(writer.fieldManager)}`]),
    ...(isStrict === true ? ['fieldValidation=Strict'] : []),
  ];
  return parameters.length === 0 ? '' : `?${parameters.join('&')}`;
}

function deleteOptions(entry: OutboxEntry, { uid, version, options }: Extract<Step, { kind: 'delete' }>): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions: { uid, ...(version !== undefined && { resourceVersion: version }) },
    ...(entry.class === 'pod-delete' && { gracePeriodSeconds: 0 }),
    ...options,
  };
}
