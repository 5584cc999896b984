// How a node looks at a pod of its own. Got by name, one that is not its own (any more) is 403, and so is one that the node
// authorizer has not heard of yet; a list of its pods tells the two apart.
import { isJsonArray, isJsonObject, type JsonObject, own, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import type { CloudAnswer } from './cloud.ts';
import type { OutboxEntry } from './entry.ts';

/** The node that a pod of this entry is on, if the entry is written with the node's own rights; else undefined. */
export function nodeOfOwnPod({ target, writer, before, after }: OutboxEntry): string | undefined {
  const isPod = target.gvr.group === '' && target.gvr.resource === 'pods';
  if (!isPod || writer.token !== undefined || writer.identity !== 'node') return undefined;
  const spec = own(after ?? before ?? {}, 'spec');
  const name = isJsonObject(spec) ? own(spec, 'nodeName') : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** Path and query of a list that holds this pod, if it is there, and nothing else. */
export function listOfOne({ namespace, name }: OutboxEntry['target'], nodeName: string): string {
  const fieldSelector = encodeURIComponent(`metadata.name=${name},spec.nodeName=${nodeName}`);
  return `/api/v1/namespaces/${namespace}/pods?fieldSelector=${fieldSelector}`;
}

/** The list's answer as if the pod had been got by name: 404 when it is not in it. */
export function asIfGot(answer: CloudAnswer): CloudAnswer {
  if (answer.statusCode !== 200) return answer;
  const list = parseJson(answer.body);
  const items = isJsonObject(list) ? own(list, 'items') : undefined;
  const [pod] = isJsonArray(items) ? items : [];
  if (!isJsonObject(pod)) return { ...answer, statusCode: 404 };
  const object: JsonObject = { kind: 'Pod', apiVersion: 'v1', ...pod };
  return { ...answer, body: Buffer.from(stringifyJson(object)) };
}
