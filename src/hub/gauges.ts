// What the gauges of /metrics say, as a function of the hub's status. Pure.
import { type HubStatus, linkStates } from './admin/hub-status.ts';
import type { KeyOf } from './metric-table.ts';

export interface GaugeValue {
  readonly key: KeyOf<'gauge'>;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function readGauges(hub: HubStatus): GaugeValue[] {
  const { link, storage, identity, scopes } = hub;
  const complete = scopes.filter((scope) => scope.complete);
  const plain = (key: KeyOf<'gauge'>, value: number): GaugeValue => ({ key, labels: {}, value });
  return [
    ...linkStates.map((state) => ({
      key: 'linkState' as const,
      labels: { state },
      value: state === link.state ? 1 : 0,
    })),
    plain('linkStateSince', unixSeconds(link.since)),
    { key: 'servers', labels: { state: 'up' }, value: link.servers.filter(({ isUp }) => isUp).length },
    { key: 'servers', labels: { state: 'down' }, value: link.servers.filter(({ isUp }) => !isUp).length },
    { key: 'scopes', labels: { state: 'complete' }, value: complete.length },
    { key: 'scopes', labels: { state: 'incomplete' }, value: scopes.length - complete.length },
    plain(
      'scopeAge',
      complete.reduce((most, { ageSeconds }) => Math.max(most, ageSeconds ?? 0), 0),
    ),
    plain(
      'scopeObjects',
      scopes.reduce((sum, { objects }) => sum + objects, 0),
    ),
    plain('watchers', hub.watchers),
    plain('upstreamWatches', hub.upstreamWatches),
    plain('storageBytes', storage.bytes),
    plain('storageReadOnly', storage.state === 'read-only' ? 1 : 0),
    plain('storageDamaged', storage.damaged),
    plain(
      'certificateExpiry',
      identity.certificateExpires === undefined ? 0 : unixSeconds(identity.certificateExpires),
    ),
    { key: 'buildInfo', labels: { version: hub.version }, value: 1 },
    plain('processMemory', hub.memory.rssBytes),
    plain('heapUsed', hub.memory.heapBytes),
  ];
}

function unixSeconds(time: string): number {
  return Date.parse(time) / 1000;
}
