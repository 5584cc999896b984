// The metrics of one hub: counters and histograms that grow where things happen, gauges that are read from the hub's
// figures when somebody scrapes, so that nothing on a request's way pays for them. What happens once per request is noted,
// and handed to the library many at once: one at a time, between other work, that cost 6 of a request's 300 µs. What
// happens once per watch event is a plain number.
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { HubFigures } from './figures.ts';
import { readGauges, readTotals } from './gauges.ts';
import { type KeyOf, type LabelsOf, type MetricKey, metricTable } from './metric-table.ts';

export interface Metrics {
  readonly contentType: string;
  /** The text format of Prometheus, with fresh gauges. */
  metrics(): Promise<string>;
  increment<Key extends KeyOf<'counter'>>(key: Key, labels: LabelsOf<Key>): void;
  /** @param value in the unit of the metric's name, so seconds for `…_seconds` */
  observe<Key extends KeyOf<'histogram'>>(key: Key, labels: LabelsOf<Key>, value: number): void;
  /** Add to these directly; they are read on scrape. */
  readonly totals: { watchEvents: number };
}

type Labels = Readonly<Record<string, string>>;

interface Count {
  readonly key: KeyOf<'counter'>;
  readonly labels: Labels;
  count: number;
}

interface Observation {
  readonly key: KeyOf<'histogram'>;
  readonly labels: Labels;
  readonly value: number;
}

/** So many observations wait at most. */
const batchSize = 500;

export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** @param figures the numbers of now, asked for at each scrape */
export function createMetrics(figures: () => Promise<HubFigures>, traffic: Traffic): Metrics {
  const registry = new Registry();
  const counters = new Map<MetricKey, Counter>();
  const gauges = new Map<MetricKey, Gauge>();
  const histograms = new Map<MetricKey, Histogram>();
  for (const [key, row] of Object.entries(metricTable) as [MetricKey, (typeof metricTable)[MetricKey]][]) {
    const common = { name: row.name, help: row.help, labelNames: Object.keys(row.labels), registers: [registry] };
    if (row.type === 'counter') counters.set(key, new Counter(common));
    if (row.type === 'gauge') gauges.set(key, new Gauge(common));
    if (row.type === 'histogram') histograms.set(key, new Histogram({ ...common, buckets: [...row.buckets] }));
  }
  const totals = { watchEvents: 0 };
  /** Since the last scrape, by key and values of the labels. */
  const counts = new Map<string, Count>();
  const observations: Observation[] = [];
  let busySince = performance.eventLoopUtilization();

  function noteOne(key: KeyOf<'counter'>, labels: Labels): void {
    let series: string = key;
    for (const label in labels) series += `|${labels[label]}`;
    const known = counts.get(series);
    if (known === undefined) counts.set(series, { key, labels, count: 1 });
    else known.count += 1;
  }

  function addObservations(): void {
    for (const { key, labels, value } of observations) histograms.get(key)!.observe(labels, value);
    observations.length = 0;
  }

  function addCounts(): void {
    for (const { key, labels, count } of counts.values()) counters.get(key)!.inc(labels, count);
    counts.clear();
  }

  function setTotal(key: KeyOf<'counter'>, value: number, labels: Record<string, string> = {}): void {
    counters.get(key)!.remove(labels);
    counters.get(key)!.inc(labels, value);
  }

  async function refresh(): Promise<void> {
    addCounts();
    addObservations();
    const busy = performance.eventLoopUtilization();
    const hub = await figures();
    for (const { key, labels, value } of readGauges(hub)) gauges.get(key)!.set(labels, value);
    for (const { key, labels, value } of readTotals(hub)) setTotal(key, value, labels);
    gauges.get('eventLoop')!.set(performance.eventLoopUtilization(busy, busySince).utilization);
    gauges.get('processStart')!.set(performance.timeOrigin / 1000);
    busySince = busy;
    const { user, system } = process.cpuUsage();
    setTotal('processCpu', (user + system) / 1e6);
    setTotal('watchEvents', totals.watchEvents);
    setTotal('upstreamBytes', traffic.receivedBytes, { direction: 'received' });
    setTotal('upstreamBytes', traffic.sentBytes, { direction: 'sent' });
  }

  return {
    contentType: registry.contentType,
    totals,
    async metrics() {
      await refresh();
      return registry.metrics();
    },
    increment: (key, labels) => noteOne(key, labels as Labels),
    observe(key, labels, value) {
      observations.push({ key, labels: labels as Labels, value });
      if (observations.length === batchSize) addObservations();
    },
  };
}
