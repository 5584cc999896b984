import { globSync, readFileSync } from 'node:fs';
import test from 'ava';
import type { HubFigures } from '../../src/hub/figures.ts';
import { readGauges } from '../../src/hub/gauges.ts';
import { metricTable } from '../../src/hub/metric-table.ts';
import { createMetrics } from '../../src/hub/metrics.ts';
import { createWriteTally } from '../../src/hub/write-tally.ts';

const rows = Object.values(metricTable);
const traffic = { receivedBytes: 0, sentBytes: 0 };
const healthy: HubFigures = {
  version: '0.1.0',
  linkState: 'online',
  linkSince: '2026-11-21T08:30:00.000Z',
  servers: { up: 1, down: 0 },
  scopes: { complete: 1, incomplete: 0 },
  oldestScopeSeconds: 4,
  objects: 31,
  tokensHeld: 2,
  watchers: 2,
  upstreamWatches: 1,
  storage: { bytes: 4_210_000, isReadOnly: false, damaged: 0 },
  outbox: {
    entries: { queued: 11, sent: 1, parked: 2 },
    bytes: 18_400,
    fill: 0.25,
    oldestSeconds: null,
    putOff: null,
    droppedEvents: 3,
    damaged: 1,
    isReplaying: true,
  },
  correctedEndpoints: 2,
  addresses: null,
  tally: createWriteTally(),
  certificateExpires: '2027-01-01T00:00:00.000Z',
  rssBytes: 81_000_000,
  heapBytes: 22_000_000,
};
const create = (figures = healthy) => createMetrics(async () => figures, traffic);

/** `name{labels}` → value, of a text in Prometheus' format. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

test('every metric of the table is scraped with its type and help', async (t) => {
  const text = await create().metrics();
  for (const { name, type, help } of rows) {
    t.true(text.includes(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`), name);
  }
});

test('every metric has a unit in its name, counters end in _total, and no label can have many values', (t) => {
  t.is(new Set(rows.map(({ name }) => name)).size, rows.length);
  for (const { name, type, labels } of rows) {
    t.regex(name, /^(holdfast|process|nodejs)_[a-z_]+$/);
    if (type === 'counter') t.true(name.endsWith('_total'), name);
    const series = Object.values(labels).reduce((product, values) => product * values.length, 1);
    t.true(series <= 200, `${name} can have ${series} series`);
  }
});

test('what was counted and timed is scraped', async (t) => {
  const metrics = create();
  metrics.increment('requests', { verb: 'list', source: 'cache', code: '2xx' });
  metrics.increment('requests', { verb: 'list', source: 'cache', code: '2xx' });
  metrics.observe('requestSeconds', { verb: 'list', source: 'cache' }, 0.002);
  metrics.totals.watchEvents += 7;
  const first = samples(await metrics.metrics());
  t.is(first.get('holdfast_requests_total{verb="list",source="cache",code="2xx"}'), 2);
  t.is(first.get('holdfast_request_duration_seconds_bucket{le="0.001",verb="list",source="cache"}'), 0);
  t.is(first.get('holdfast_request_duration_seconds_bucket{le="0.0025",verb="list",source="cache"}'), 1);
  t.is(first.get('holdfast_watch_events_total'), 7);
});

test('everything is counted and timed once, however much lies between two scrapes', async (t) => {
  const metrics = create();
  for (const scrape of [1, 2, 3]) {
    for (let request = 0; request < 700; request += 1) {
      metrics.increment('requests', { verb: 'get', source: 'upstream', code: request % 7 === 0 ? '4xx' : '2xx' });
      metrics.observe('requestSeconds', { verb: 'get', source: 'upstream' }, 0.25);
    }
    const seen = samples(await metrics.metrics());
    t.is(seen.get('holdfast_requests_total{verb="get",source="upstream",code="2xx"}'), 600 * scrape);
    t.is(seen.get('holdfast_requests_total{verb="get",source="upstream",code="4xx"}'), 100 * scrape);
    t.is(seen.get('holdfast_request_duration_seconds_count{verb="get",source="upstream"}'), 700 * scrape);
    t.is(seen.get('holdfast_request_duration_seconds_sum{verb="get",source="upstream"}'), 175 * scrape);
  }
});

test('a total is the same on every scrape until it grows', async (t) => {
  const metrics = create();
  traffic.receivedBytes = 1000;
  await metrics.metrics();
  traffic.receivedBytes += 1;
  const again = samples(await metrics.metrics());
  t.is(again.get('holdfast_upstream_bytes_total{direction="received"}'), 1001);
  t.is(again.get('holdfast_upstream_bytes_total{direction="sent"}'), 0);
  t.true(again.get('process_cpu_seconds_total')! > 0);
});

test('gauges say what the figures say', async (t) => {
  const figures: HubFigures = {
    ...healthy,
    linkState: 'offline',
    scopes: { complete: 2, incomplete: 1 },
    oldestScopeSeconds: 90,
    storage: { ...healthy.storage, isReadOnly: true, damaged: 3 },
  };
  const found = samples(await create(figures).metrics());
  t.is(found.get('holdfast_link_state{state="offline"}'), 1);
  t.is(found.get('holdfast_link_state{state="online"}'), 0);
  t.is(found.get('holdfast_scopes{state="complete"}'), 2);
  t.is(found.get('holdfast_scopes{state="incomplete"}'), 1);
  t.is(found.get('holdfast_scope_objects'), 31);
  t.is(found.get('holdfast_scope_age_seconds_max'), 90);
  t.is(found.get('holdfast_storage_read_only'), 1);
  t.is(found.get('holdfast_storage_damaged_records'), 3);
  t.is(found.get('holdfast_link_state_since_timestamp_seconds'), Date.parse(figures.linkSince) / 1000);
});

test('what is kept for the cloud, and what became of it, is scraped', async (t) => {
  const tally = createWriteTally();
  tally.accepted['pod-status'] += 7;
  tally.replayed.applied += 4;
  tally.parked.conflict += 2;
  const metrics = create({ ...healthy, tally, outbox: { ...healthy.outbox, oldestSeconds: 10_800 } });
  await metrics.metrics();
  const found = samples(await metrics.metrics());
  t.is(found.get('holdfast_outbox_entries{state="queued"}'), 11);
  t.is(found.get('holdfast_outbox_entries{state="parked"}'), 2);
  t.is(found.get('holdfast_outbox_bytes'), 18_400);
  t.is(found.get('holdfast_outbox_age_seconds_max'), 10_800);
  t.is(found.get('holdfast_outbox_replaying'), 1);
  t.is(found.get('holdfast_outbox_accepted_total{class="pod-status"}'), 7);
  t.is(found.get('holdfast_outbox_accepted_total{class="user"}'), 0, 'a series is there before anything happens');
  t.is(found.get('holdfast_outbox_replayed_total{result="applied"}'), 4);
  t.is(found.get('holdfast_outbox_parked_total{because="conflict"}'), 2);
  t.is(found.get('holdfast_outbox_events_dropped_total'), 3);
  t.is(found.get('holdfast_outbox_damaged_total'), 1);
});

test('a node without a client certificate has no end of one', (t) => {
  const gauge = readGauges({ ...healthy, certificateExpires: undefined }).find(
    ({ key }) => key === 'certificateExpiry',
  );
  t.is(gauge?.value, 0);
});

test('no metric of the table stands there unfed', (t) => {
  const root = new URL('../../src/hub/', import.meta.url).pathname;
  const files = globSync('**/*.ts', { cwd: root }).filter((file) => file !== 'metric-table.ts');
  const source = files.map((file) => readFileSync(root + file, 'utf8')).join('\n');
  for (const key of Object.keys(metricTable)) t.true(source.includes(`'${key}'`), key);
});
