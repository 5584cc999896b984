// A status as a healthy hub gives it, for tests to change where they look.
import type { HubStatus, ScopeStatus } from '../../src/hub/admin/hub-status.ts';

export const podScope: ScopeStatus = {
  gvr: 'v1/pods',
  namespace: '',
  labelSelector: '',
  fieldSelector: 'spec.nodeName=edge-7',
  complete: true,
  following: true,
  ageSeconds: 4,
  objects: 31,
  resourceVersion: '184467',
  watchers: 2,
  identities: 1,
};

export const healthyStatus: HubStatus = {
  version: '0.1.0',
  now: '2026-11-21T10:00:00.000Z',
  startedAt: '2026-11-21T07:00:00.000Z',
  identity: { nodeName: 'edge-7', user: 'system:node:edge-7', certificateExpires: '2027-01-01T00:00:00.000Z' },
  link: {
    state: 'online',
    since: '2026-11-21T08:30:00.000Z',
    reason: 'probe answered (10.0.0.1:6443)',
    servers: [{ url: '10.0.0.1:6443', isUp: true, reason: 'probe answered' }],
  },
  scopes: [podScope],
  watchers: 2,
  upstreamWatches: 1,
  outbox: {
    waiting: 12,
    parked: 1,
    oldestSeconds: 10_800,
    putOff: null,
    bytes: 18_400,
    replaying: false,
    droppedEvents: 0,
    damaged: 0,
  },
  addresses: null,
  storage: { state: 'ok', directory: '/var/lib/holdfast', bytes: 4_210_000, damaged: 0 },
  memory: { rssBytes: 91_000_000, heapBytes: 17_000_000 },
  warnings: [],
};
