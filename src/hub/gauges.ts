// What the gauges of /metrics say, and the totals that are kept elsewhere, as a function of the hub's figures. Pure.
import { addressStates, linkStates } from './admin/hub-status.ts';
import type { HubFigures } from './figures.ts';
import type { KeyOf } from './metric-table.ts';

export interface GaugeValue {
  readonly key: KeyOf<'gauge'>;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface TotalValue {
  readonly key: KeyOf<'counter'>;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export function readGauges(hub: HubFigures): GaugeValue[] {
  const { servers, scopes, storage, outbox, certificateExpires } = hub;
  const plain = (key: KeyOf<'gauge'>, value: number): GaugeValue => ({ key, labels: {}, value });
  return [
    ...linkStates.map((state) => ({
      key: 'linkState' as const,
      labels: { state },
      value: Number(state === hub.linkState),
    })),
    plain('linkStateSince', unixSeconds(hub.linkSince)),
    { key: 'servers', labels: { state: 'up' }, value: servers.up },
    { key: 'servers', labels: { state: 'down' }, value: servers.down },
    { key: 'scopes', labels: { state: 'complete' }, value: scopes.complete },
    { key: 'scopes', labels: { state: 'incomplete' }, value: scopes.incomplete },
    plain('scopeAge', hub.oldestScopeSeconds),
    plain('scopeObjects', hub.objects),
    plain('tokensHeld', hub.tokensHeld),
    plain('watchers', hub.watchers),
    plain('upstreamWatches', hub.upstreamWatches),
    plain('storageBytes', storage.bytes),
    plain('storageReadOnly', Number(storage.isReadOnly)),
    plain('storageDamaged', storage.damaged),
    ...Object.entries(outbox.entries).map(([state, value]) => ({
      key: 'outboxEntries' as const,
      labels: { state },
      value,
    })),
    plain('outboxBytes', outbox.bytes),
    plain('outboxFill', outbox.fill),
    plain('outboxAge', outbox.oldestSeconds ?? 0),
    plain('outboxReplaying', Number(outbox.isReplaying)),
    plain('endpointsCorrected', hub.correctedEndpoints),
    ...addressStates.map((state) => ({
      key: 'addresses' as const,
      labels: { state },
      value: hub.addresses?.[state] ?? 0,
    })),
    plain('certificateExpiry', certificateExpires === undefined ? 0 : unixSeconds(certificateExpires)),
    { key: 'buildInfo', labels: { version: hub.version }, value: 1 },
    plain('processMemory', hub.rssBytes),
    plain('heapUsed', hub.heapBytes),
  ];
}

export function readTotals({ outbox, tally }: Pick<HubFigures, 'outbox' | 'tally'>): TotalValue[] {
  const byLabel = (key: TotalValue['key'], label: string, values: Readonly<Record<string, number>>): TotalValue[] =>
    Object.entries(values).map(([name, value]) => ({ key, labels: { [label]: name }, value }));
  return [
    ...byLabel('outboxAccepted', 'class', tally.accepted),
    ...byLabel('outboxReplayed', 'result', tally.replayed),
    ...byLabel('outboxParked', 'because', tally.parked),
    { key: 'outboxEventsDropped', labels: {}, value: outbox.droppedEvents },
    { key: 'outboxDamaged', labels: {}, value: outbox.damaged },
  ];
}

function unixSeconds(time: string): number {
  return Date.parse(time) / 1000;
}
