// `npm run simulate -- --seeds 1000`: lives many simulated worlds and tells of the first that breaks a promise.
import { parseArgs } from 'node:util';
import { World } from './world.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    steps: { type: 'string', default: '100' },
    trace: { type: 'boolean', default: false },
    'keep-going': { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);
const first = Number(values.seed ?? values.from);
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first;
let failures = 0;
let events = 0;
let seed = first;
process.on('unhandledRejection', (error) => {
  console.error(`seed ${seed}: nobody caught ${(error as Error)?.stack ?? error}`);
  process.exitCode = 1;
});
const startedAt = performance.now();
for (; seed <= last; seed += 1) {
  const onTrace = values.trace ? (line: string): void => console.log(line) : undefined;
  const result = await new World({ seed, steps, onTrace }).run();
  events += result.events;
  if (result.fault === undefined) continue;
  failures += 1;
  if (!values.trace && failures <= 1) for (const line of result.tail) console.log(`  ${line}`);
  console.log(
    `seed ${seed} breaks a promise: ${result.fault}\n  npm run simulate -- --seed ${seed} --steps ${steps} --trace`,
  );
  if (!values['keep-going']) break;
}
const seconds = (performance.now() - startedAt) / 1000;
const lived = seed - first + (failures > 0 && !values['keep-going'] ? 1 : 0);
console.log(
  `${lived} seeds in ${seconds.toFixed(1)} s (${(lived / seconds).toFixed(0)}/s), ${events} events, ${failures} failed`,
);
if (failures > 0) process.exitCode = 1;
