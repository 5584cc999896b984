// `/doctor` on the admin port: what the daemon can tell of the next cut, from what it holds.

import type { JsonObject } from '../../apimachinery/json.ts';
import { parseJson } from '../../apimachinery/json.ts';
import type { PodReference } from '../../apimachinery/pod-references.ts';
import type { Cache } from '../../cache/cache.ts';
import { scopeOf } from '../../cache/scope.ts';
import type { StatusSource } from '../admin/hub-status.ts';
import type { NameSharing } from '../name-sharing.ts';
import { ownPodsScope } from '../own-node.ts';
import type { Finding } from './finding.ts';
import { hubFindings, sharedName } from './hub-findings.ts';
import { type Knowledge, podFindings } from './pod-findings.ts';
import { tokenFindings } from './token-findings.ts';

export interface Examination {
  readonly findings: readonly Finding[];
  /** `host:port` under which clients on this node reach the hub. */
  readonly servers: readonly string[];
}

export interface Doctor {
  examine(): Promise<Examination>;
}

export interface DoctorParts {
  readonly cache: Cache;
  readonly status: StatusSource;
  readonly nodeName: string;
  readonly sharing: Pick<NameSharing, 'warning'>;
  readonly servers: () => readonly string[];
  readonly now: () => number;
}

export function createDoctor({ cache, status, nodeName, sharing, servers, now }: DoctorParts): Doctor {
  const knows = (namespace: string, { resource, name }: PodReference): Knowledge => {
    const gvr = { group: '', version: 'v1', resource };
    const asked = scopeOf({ gvr, namespace, labelSelector: '', fieldSelector: `metadata.name=${name}` });
    const answering = cache.scopes.answering(asked);
    if (answering === undefined) return 'unknown';
    return answering.snapshot.get(`${namespace}/${name}`) === undefined ? 'absent' : 'present';
  };
  return {
    async examine() {
      const pods = cache.scopes.answering(ownPodsScope(nodeName))?.snapshot.sorted() ?? [];
      const tokens = [...cache.tokens.all()];
      const ofPods = pods.flatMap(({ body, uid }) => {
        const pod = parseJson(body) as JsonObject;
        const held = tokens.filter(({ asked }) => asked.pod.uid === uid);
        return [...podFindings(pod, { knows }), ...tokenFindings(pod, held, cache.time.now())];
      });
      return {
        findings: [...hubFindings(await status.status(), now()), ...sharedName(sharing.warning), ...ofPods],
        servers: servers(),
      };
    },
  };
}
