// `npm run simulate -- --seeds 1000`: lives many simulated worlds and tells of those that break a promise.
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Failure, runSeeds, type SeedRange, type Tally } from './run-seeds.ts';

type Message = { readonly failure: Failure } | { readonly tally: Tally } | 'progress';

/** What a world leaves behind is collected now and then; without a limit V8 puts that off for hundreds of megabytes. */
const resourceLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 64 };
/** So many worlds are worth a line. */
const tellEvery = 500;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '100' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      steps: { type: 'string', default: '100' },
      jobs: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
      'keep-going': { type: 'boolean', default: false },
    },
  });
  const steps = Number(values.steps);
  const first = Number(values.seed ?? values.from);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const all: SeedRange = { first, last: first + count - 1, steps, keepsGoing: values['keep-going'] };
  const jobs = Math.min(Number(values.jobs), count);
  const onTrace = values.trace ? (line: string): void => console.log(line) : undefined;
  let told = 0;
  const onFailure = ({ seed, fault, tail }: Failure): void => {
    told += 1;
    if (onTrace === undefined && told === 1) for (const line of tail) console.log(`  ${line}`);
    console.log(
      `seed ${seed} breaks a promise: ${fault}\n  npm run simulate -- --seed ${seed} --steps ${steps} --trace`,
    );
  };
  const startedAt = performance.now();
  let done = 0;
  const onProgress = (): void => {
    done += 1;
    if (done % tellEvery === 0 && done < count) console.log(`${done} of ${count} seeds, ${told} failed`);
  };
  const tallies =
    jobs > 1
      ? await inWorkers(all, jobs, onFailure, onProgress)
      : [await runSeeds(all, onFailure, onTrace, onProgress)];
  const seconds = (performance.now() - startedAt) / 1000;
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0);
  const [seeds, events, failures] = [sum((t) => t.seeds), sum((t) => t.events), sum((t) => t.failures)];
  const rate = (seeds / seconds).toFixed(0);
  console.log(`${seeds} seeds in ${seconds.toFixed(1)} s (${rate}/s), ${events} events, ${failures} failed`);
  if (failures > 0) process.exitCode = 1;
}

/** Each takes a part of the seeds. */
function inWorkers(
  all: SeedRange,
  jobs: number,
  onFailure: (failure: Failure) => void,
  onProgress: () => void,
): Promise<readonly Tally[]> {
  const size = Math.ceil((all.last - all.first + 1) / jobs);
  const parts = Array.from({ length: jobs }, (_, job) => {
    const first = all.first + job * size;
    return { ...all, first, last: Math.min(all.last, first + size - 1) };
  });
  return Promise.all(
    parts.map(
      (part) =>
        new Promise<Tally>((resolve, reject) => {
          const worker = new Worker(new URL(import.meta.url), { workerData: part, resourceLimits });
          worker.on('message', (message: Message) => {
            if (message === 'progress') onProgress();
            else if ('failure' in message) onFailure(message.failure);
            else resolve(message.tally);
          });
          worker.on('error', reject);
          worker.on('exit', (code) => reject(new Error(`a worker ended with ${code}`)));
        }),
    ),
  );
}

if (isMainThread) await main();
else {
  const post = (message: Message): void => parentPort?.postMessage(message);
  const onFailure = (failure: Failure): void => post({ failure });
  post({ tally: await runSeeds(workerData as SeedRange, onFailure, undefined, () => post('progress')) });
}
