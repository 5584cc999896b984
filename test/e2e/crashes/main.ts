// `npm run crashes -- --rounds 300 --seed 1`: see crash-run.ts.
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { crashRun } from './crash-run.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '300' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** Instead of the sources, e.g. dist/main.js. */
    program: { type: 'string' },
    /** Where the whole story of each object with a problem is written. */
    stories: { type: 'string', default: 'crash-stories.txt' },
    quiet: { type: 'boolean', default: false },
  },
});
const result = await crashRun({
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  checkEvery: 10,
  ...(values.program && { hubProgram: [process.execPath, values.program] as const }),
  explain: (story) => appendFileSync(values.stories, `${story}\n`),
  say: (line) => {
    if (!values.quiet) console.log(line);
  },
});
const { problems, killsBy, ...figures } = result;
console.log(`seed ${values.seed}`);
for (const [what, count] of Object.entries({ ...figures, ...killsBy })) console.log(`${what.padEnd(20)} ${count}`);
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'nothing lost, nothing twice, nothing out of turn' : `${problems.length} problems`);
// Whoever guards the control plane stays for as long as this process does.
process.exit(problems.length === 0 ? 0 : 1);
