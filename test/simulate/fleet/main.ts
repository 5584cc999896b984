// Ten thousand nodes come back at once: what the apiserver is asked, second by second, and how long until all have told what
// they kept. Each node is the product's own replayer and outbox; only time, network and apiserver are simulated.
//   npm run fleet -- [--nodes 10000 --rate 50 --jitter 2s --capacity 3000 --cut 10m --owed idle|busy|heavy --by-second]
import { parseArgs } from 'node:util';
import { duration } from '../../../src/hub/option-types.ts';
import { Random } from '../random.ts';
import { Scheduler } from '../scheduler.ts';
import { Apiserver } from './apiserver.ts';
import { liveAsNode, type NodeStory } from './node.ts';
import { noticedAfterMs } from './reconnect.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10000' },
    rate: { type: 'string', default: '50' },
    jitter: { type: 'string', default: '2s' },
    /** Requests a second that the apiserver can do. */
    capacity: { type: 'string', default: '3000' },
    cut: { type: 'string', default: '10m' },
    'cut-kind': { type: 'string', default: 'refused' },
    owed: { type: 'string', default: 'idle' },
    seed: { type: 'string', default: '1' },
    /** Virtual time after which it is given up. */
    limit: { type: 'string', default: '60m' },
    'by-second': { type: 'boolean', default: false },
  },
});
const loads = {
  /** A quiet night: node status, some pods changed. */
  idle: { pods: 5, objects: 0, events: 5 },
  /** Pods came and went, and an application kept its state. */
  busy: { pods: 30, objects: 20, events: 100 },
  heavy: { pods: 30, objects: 500, events: 500 },
} as const;

const ms = (text: string): number =>
  duration({ minMs: 0, maxMs: 86_400_000 }).parse(text, {
    homeDirectory: '',
    directory: '',
    hostName: '',
    isRoot: false,
  } as never);
const nodes = Number(values.nodes);
const random = new Random(Number(values.seed));
const scheduler = new Scheduler(random.fork('order'));
const began = scheduler.now;
const apiserver = new Apiserver({
  scheduler,
  random: random.fork('apiserver'),
  perSecond: Number(values.capacity),
  queueMs: 1000,
  changedShare: 0.1,
});
const over = new AbortController();
const stories: NodeStory[] = [];
const chance = random.fork('nodes');
for (let index = 0; index < nodes; index++) {
  const rttMs = chance.between(20, 200);
  const cut = { lastedMs: ms(values.cut), kind: values['cut-kind'] as 'refused' | 'silent' };
  stories.push(
    await liveAsNode(
      {
        name: `edge-${index}`,
        scheduler,
        apiserver,
        rttMs,
        onlineAfterMs: noticedAfterMs(cut, rttMs, chance),
        perSecond: Number(values.rate),
        jitterMs: ms(values.jitter),
        owed: loads[values.owed as keyof typeof loads],
      },
      over.signal,
    ),
  );
}
const limit = began + ms(values.limit);
for (let events = 0; await scheduler.step(limit); events++) {
  if (events % 1000 === 0 && stories.every(({ allAt }) => allAt !== undefined)) break;
}
over.abort(new Error('the simulation is over'));

const seconds = apiserver.seconds;
const sum = (pick: (second: (typeof seconds)[number]) => number): number =>
  seconds.reduce((total, second) => total + pick(second), 0);
const at = (pick: (story: NodeStory) => number | undefined, share: number): string => {
  const times = stories
    .map((story) => ((pick(story) ?? Number.POSITIVE_INFINITY) - began) / 1000)
    .sort((a, b) => a - b);
  return `${times[Math.min(times.length - 1, Math.floor(times.length * share))]!.toFixed(0)} s`;
};
const span = (pick: (story: NodeStory) => number | undefined): string =>
  `${at(pick, 0.5)}, ${at(pick, 0.99)}, ${at(pick, 1)}`;
const waits = apiserver.waitsMs.sort((a, b) => a - b);
console.log(
  `${nodes} nodes, ${values.owed}, cut of ${values.cut} (${values['cut-kind']}), rate ${values.rate}, jitter ${values.jitter}; an apiserver of ${values.capacity}/s`,
);
const step = values['by-second'] ? 1 : Math.max(1, Math.ceil(seconds.length / 24));
for (let from = 0; from < seconds.length; from += step) {
  const some = seconds.slice(from, from + step);
  const mean = (pick: (second: (typeof seconds)[number]) => number): number =>
    Math.round(some.reduce((total, second) => total + pick(second), 0) / some.length);
  const offered = mean(({ offered }) => offered);
  const bar = '#'.repeat(Math.min(100, Math.round((offered / Number(values.capacity)) * 30)));
  const refused = mean((second) => second.refused);
  console.log(
    `${String(from).padStart(5)} s ${String(offered).padStart(7)}/s ${String(refused).padStart(7)} refused ${bar}`,
  );
}
const figures: Record<string, string> = {
  'requests, refused with 429': `${sum(({ offered }) => offered)}, ${sum(({ refused }) => refused)}`,
  'busiest second': `${Math.max(...seconds.map(({ offered }) => offered))}/s`,
  'wait in the apiserver, median and p99': `${waits[waits.length >> 1]?.toFixed(0)} ms, ${waits[Math.floor(waits.length * 0.99)]?.toFixed(0)} ms`,
  'lease renewed: half, 99 %, all': span(({ leaseAt }) => leaseAt),
  'node status told': span(({ statusAt }) => statusAt),
  'all but Events told': span(({ caughtUpAt }) => caughtUpAt),
  'everything told': span(({ allAt }) => allAt),
};
for (const [what, figure] of Object.entries(figures)) console.log(`${what.padEnd(40)} ${figure}`);
