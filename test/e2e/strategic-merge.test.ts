// Random strategic merge patches, sound and broken ones, of a type whose fields have every tag that tells how to merge:
// merged by Kubernetes' own Go code and by us, the results are equal and refusals have the same code.
//   HOLDFAST_PATCH_SEED=n HOLDFAST_PATCH_ROUNDS=n    default: another seed each run, 20 000 patches
import { spawn } from 'node:child_process';
import { buffer } from 'node:stream/consumers';
import { equalJson, type JsonDraft, type JsonObject, parseJson, stringifyJson } from '../../src/apimachinery/json.ts';
import { PatchError } from '../../src/apimachinery/patch/patch-error.ts';
import { strategicMergePatch } from '../../src/apimachinery/patch/strategic-merge-patch.ts';
import { SchemaTable } from '../../src/apimachinery/schema/schema-table.ts';
import { broken, strategicPatch } from './differential/patches.ts';
import { type Random, seededRandom } from './differential/random.ts';
import { test } from './one-by-one.ts';

const seed = Number(process.env.HOLDFAST_PATCH_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.HOLDFAST_PATCH_ROUNDS ?? 20_000);

/** The type of scripts/schema/patches. */
const item = new SchemaTable(`kind example.com/v1 Item Item

type Item
name 1 string o
value 2 string o
number 3 int64 o
words 4 map[]string o
items 5 []Item o merge name
choices 6 []Item o merge,retainKeys name
whole 7 []Item o
set 8 []string o merge
numbers 9 []int64 o merge
list 10 []string o
inner 11 Item op
choice 12 Item op retainKeys
replaced 13 Item op replace
raw 14 RawExtension o replace
`).type('Item');

const names = ['a', 'b', 'c', 'd'] as const;

function document(random: Random, depth: number): JsonObject {
  const draft: JsonDraft = {};
  const nested = () => document(random, depth - 1);
  // Now and then with an element twice. Sets are not: where the server has one twice, the order that Go leaves depends on
  // how much room it had kept behind the list.
  const list = () =>
    random
      .shuffled([...random.some(names), ...(random.chance(0.05) ? random.some(names) : [])])
      .map((name) => ({ ...nested(), name }));
  const members: Readonly<Record<string, () => JsonObject[string]>> = {
    value: () => random.pick(['', 'x', 'y']),
    number: () => random.integer(3),
    words: () => Object.fromEntries(random.some(names).map((name) => [name, random.pick(['', 'x', 'y'])])),
    set: () => random.shuffled(random.some(names)),
    numbers: () => random.shuffled(random.some([1, 2, 3, 4])),
    list: () => random.some(names),
    ...(depth > 0 && {
      items: list,
      choices: list,
      whole: list,
      inner: nested,
      choice: nested,
      replaced: nested,
      raw: () => random.pick<JsonObject[string]>([{ a: { b: 'c' } }, { a: 'd' }, { kind: 'x' }]),
    }),
  };
  for (const key of random.some(Object.keys(members), 0.4)) draft[key] = members[key]!();
  return draft;
}

interface Question {
  readonly original: JsonObject;
  readonly patch: JsonObject;
}

function question(random: Random): Question {
  const [original, other] = [document(random, 2), document(random, 2)];
  const sound = strategicPatch(random, item, original, other);
  // As it would be read from a request: what was broken out of a list is null there.
  const patch = random.chance(0.35) ? parseJson(stringifyJson(broken(random, sound))) : sound;
  const isObject = typeof patch === 'object' && patch !== null && !Array.isArray(patch);
  return { original, patch: isObject ? (patch as JsonObject) : sound };
}

interface Answer {
  readonly result?: JsonObject;
  readonly code?: number;
  readonly error?: string;
}

function ours({ original, patch }: Question): Answer {
  try {
    return { result: strategicMergePatch(item, original, patch) };
  } catch (error) {
    if (error instanceof PatchError) return { code: error.code, error: error.message };
    throw error;
  }
}

/** All that Kubernetes may answer to each: it takes the keys of a map in a random order. */
async function theirs(questions: readonly Question[]): Promise<readonly (readonly Answer[])[]> {
  const go = spawn('go', ['run', './patches'], {
    cwd: new URL('../../scripts/schema', import.meta.url),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  go.stdin.end(questions.map((one) => `${stringifyJson(one as unknown as JsonObject)}\n`).join(''));
  const lines = (await buffer(go.stdout)).toString().split('\n');
  return lines.filter((line) => line !== '').map((line) => parseJson(line) as unknown as readonly Answer[]);
}

function outcomeOf({ code, error }: Answer): string {
  if (error === undefined) return 'merged';
  return code === undefined ? 'panicked' : String(code);
}

/** Where Kubernetes panics, we may do what is best. */
function isSame(they: Answer, we: Answer): boolean {
  if (they.error === undefined) return equalJson(they.result ?? {}, we.result);
  return they.code === undefined || they.code === we.code;
}

test('strategic merge patches are merged, and refused, as by Kubernetes itself', async (t) => {
  t.timeout(10 * 60_000);
  const random = seededRandom(seed);
  const questions = Array.from({ length: rounds }, () => question(random));
  const answers = await theirs(questions);
  t.is(answers.length, questions.length);
  const counts: Record<string, number> = {};
  const stories: string[] = [];
  for (const [i, asked] of questions.entries()) {
    const [they, we] = [answers[i]!, ours(asked)];
    const outcome = they.map(outcomeOf).join(' or ');
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    if (!they.some((one) => isSame(one, we))) {
      const story = { asked, theirs: they, ours: we };
      stories.push(stringifyJson(story as never));
    }
  }
  t.log(`HOLDFAST_PATCH_SEED=${seed}`, counts);
  t.deepEqual(
    stories.toSorted((one, other) => one.length - other.length).slice(0, 3),
    [],
    `${stories.length} differ; HOLDFAST_PATCH_SEED=${seed}`,
  );
  for (const code of ['merged', '400', '500']) t.true((counts[code] ?? 0) > 0, `${code} is met`);
});
