// What the daemon's own state says about the next cut. Pure.
import type { HubStatus, ScopeStatus } from '../admin/hub-status.ts';
import { linkAdvice } from '../link-advice.ts';
import type { Finding } from './finding.ts';

const dayMs = 86_400_000;
const soonDays = 14;

/** What kubelet reads before it starts a pod; of Nodes and Pods its own. */
const neededScopes = (nodeName: string): readonly { gvr: string; fieldSelector: string; what: string }[] => [
  {
    gvr: 'v1/nodes',
    fieldSelector: `metadata.name=${nodeName}`,
    what: 'The Node object was never read completely through Holdfast: without it',
  },
  {
    gvr: 'v1/pods',
    fieldSelector: `spec.nodeName=${nodeName}`,
    what: "The node's pods were never read completely through Holdfast: without them",
  },
  {
    gvr: 'v1/services',
    fieldSelector: '',
    what: 'The Services were never read completely through Holdfast: without them',
  },
];

export function hubFindings(status: HubStatus, nowMs: number): readonly Finding[] {
  return [...link(status), ...scopes(status), ...certificate(status, nowMs), ...disk(status), ...parked(status)];
}

function link({ link: { state, reason, servers } }: HubStatus): readonly Finding[] {
  if (state === 'online') return [];
  const advice = linkAdvice(new Set(servers.flatMap(({ failure }) => failure ?? [])));
  return [
    {
      check: 'link',
      level: advice === undefined ? 'note' : 'problem',
      subject: '',
      says: `The cloud is not reached now: ${reason}. What follows is what was known when it last was.`,
      advice: advice ?? 'Look again once the link is back.',
    },
  ];
}

function scopes({ scopes: known, identity }: HubStatus): readonly Finding[] {
  return neededScopes(identity.nodeName)
    .filter((needed) => !known.some((scope) => scope.complete && covers(scope, needed)))
    .map(({ gvr, what }) => ({
      check: 'scopes',
      level: 'problem' as const,
      subject: gvr,
      says: `${what} kubelet starts no pod.`,
      advice: 'Let kubelet run through Holdfast while the cloud is there; holdfast cache list shows what it has.',
    }));
}

function covers(
  { gvr, namespace, labelSelector, fieldSelector }: ScopeStatus,
  needed: { readonly gvr: string; readonly fieldSelector: string },
): boolean {
  const isOfAll =
    namespace === '' && labelSelector === '' && (fieldSelector === '' || fieldSelector === needed.fieldSelector);
  return gvr === needed.gvr && isOfAll;
}

function certificate({ identity }: HubStatus, nowMs: number): readonly Finding[] {
  const { certificateExpires } = identity;
  if (certificateExpires === undefined) return [];
  const days = Math.floor((Date.parse(certificateExpires) - nowMs) / dayMs);
  if (days >= soonDays) return [];
  return [
    {
      check: 'certificate',
      level: days < 0 ? 'problem' : 'warning',
      subject: identity.user,
      says:
        days < 0
          ? `The node's certificate for the cloud expired at ${certificateExpires}.`
          : `The node's certificate for the cloud ends ${days < 1 ? 'within a day' : days === 1 ? 'in a day' : `in ${days} days`}, at ${certificateExpires}: the cloud refuses this node if the link comes back later.`,
      advice: 'It is renewed while the cloud is there; if it is not, holdfast status says why.',
    },
  ];
}

function disk({ storage }: HubStatus): readonly Finding[] {
  if (storage.state === 'ok') return [];
  return [
    {
      check: 'disk',
      level: 'problem',
      subject: storage.directory,
      says: `The disk takes no writes (${storage.reason ?? 'no reason given'}): nothing new is known after a restart, and writes are refused.`,
      advice: 'Make room, or mend the file system; Holdfast notices by itself.',
    },
  ];
}

function parked({ outbox }: HubStatus): readonly Finding[] {
  if (outbox.parked === 0) return [];
  return [
    {
      check: 'parked',
      level: 'warning',
      subject: '',
      says: `${outbox.parked} writes of this node were not taken by the cloud and wait for a decision.`,
      advice: 'holdfast outbox list',
    },
  ];
}

/** @param says that another machine lives under the node's name; undefined: none is known */
export function sharedName(says: string | undefined): readonly Finding[] {
  if (says === undefined) return [];
  return [
    {
      check: 'shared-name',
      level: 'problem',
      subject: '',
      says,
      advice: 'holdfast leave on one of the two machines; then another machine-id and host name, and holdfast join.',
    },
  ];
}
