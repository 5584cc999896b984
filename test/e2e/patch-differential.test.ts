// Random patches of random objects, of all three types, sent to a real kube-apiserver and computed by us: the results are
// equal, refusals have the same code. A failure prints what repeats it.
//   HOLDFAST_PATCH_SEED=n HOLDFAST_PATCH_ROUNDS=n    default: another seed each run, 120 patches of each kind

import { isJsonObject, type JsonObject, type JsonValue, parseJson } from '../../src/apimachinery/json.ts';
import { schemaOf } from '../../src/apimachinery/schema/schema-of.ts';
import type { ApiClient } from './api-client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { type Comparison, compare, type PatchMediaType, type Subject } from './differential/compare.ts';
import { type DocumentKind, documentKinds } from './differential/documents.ts';
import { broken, jsonPatchOperations, mergePatch, strategicPatch } from './differential/patches.ts';
import { type Random, seededRandom } from './differential/random.ts';
import { test } from './one-by-one.ts';

const seed = Number(process.env.HOLDFAST_PATCH_SEED ?? Date.now() % 1_000_000);
const rounds = Number(process.env.HOLDFAST_PATCH_ROUNDS ?? 120);
/** Patches of one object before it becomes another. */
const patchesEach = 6;

let plane: ControlPlane;
test.before(async () => {
  plane = await startControlPlane();
});
test.after.always(() => plane?.stop());

const types: readonly PatchMediaType[] = [
  'application/strategic-merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/merge-patch+json',
  'application/json-patch+json',
];

for (const [index, kind] of documentKinds.entries()) {
  test(`patches of a ${kind.kind}${kind.subresource} do what apiserver does`, async (t) => {
    t.timeout(30 * 60_000);
    const random = seededRandom(seed * 31 + index);
    const counts: Record<string, number> = {};
    const stories: string[] = [];
    const { kind: name, apiVersion } = kind;
    await plane.admin.expect('POST', kind.path, { ...kind.document(random), kind: name, apiVersion });
    for (let round = 0; round < rounds; round += patchesEach) {
      const original = await becomeAnother(plane.admin, kind, random);
      for (let i = 0; i < patchesEach; i += 1) {
        const { verdict, code, story } = await comparePatch(plane.admin, kind, original, random);
        const outcome = verdict === 'refused' || verdict === 'later' ? `${verdict} ${code}` : verdict;
        counts[outcome] = (counts[outcome] ?? 0) + 1;
        if (verdict === 'different') stories.push(story);
      }
    }
    t.log(`HOLDFAST_PATCH_SEED=${seed}`, counts);
    t.deepEqual(stories.slice(0, 3), [], `${stories.length} differ; HOLDFAST_PATCH_SEED=${seed}`);
    t.true((counts.equal ?? 0) > rounds / 4, 'most patches are not refused');
  });
}

function comparePatch(admin: ApiClient, kind: DocumentKind, original: JsonObject, random: Random): Promise<Comparison> {
  const type = random.pick(types);
  const schema = schemaOf(kind.apiVersion, kind.kind)!;
  const [from, to] = [patchedParts(kind, original), patchedParts(kind, mixed(kind, original, kind.document(random)))];
  const sensible =
    type === 'application/json-patch+json'
      ? jsonPatchOperations(random, from, to)
      : type === 'application/merge-patch+json'
        ? mergePatch(random, from, to)
        : strategicPatch(random, schema, from, to);
  const patch: JsonValue = random.chance(0.25) ? broken(random, sensible) : sensible;
  const path = `${kind.path}/subject${kind.subresource}`;
  const subject: Subject = { admin, kind: kind.kind, apiVersion: kind.apiVersion, path, original };
  return compare(subject, type, patch);
}

/** The object gets new random content, and is read back with all that apiserver adds. */
async function becomeAnother(admin: ApiClient, kind: DocumentKind, random: Random): Promise<JsonObject> {
  const path = `${kind.path}/subject`;
  const before = parseJson((await admin.request('GET', path)).raw) as JsonObject;
  const { kind: name, apiVersion } = kind;
  await admin.expect('PUT', `${path}${kind.subresource}`, {
    ...mixed(kind, before, kind.document(random)),
    kind: name,
    apiVersion,
  });
  return parseJson((await admin.request('GET', path)).raw) as JsonObject;
}

/** The object with another's patched parts; name, uid and the like stay. */
function mixed(kind: DocumentKind, object: JsonObject, other: JsonObject): JsonObject {
  const mix = { ...object };
  for (const part of kind.patched) {
    const [before, after] = [object[part], other[part]];
    const isKept = (part === 'metadata' || part === 'spec') && isJsonObject(before) && isJsonObject(after);
    if (after === undefined) delete mix[part];
    else mix[part] = isKept ? { ...before, ...after } : after;
  }
  return mix;
}

/** What a generated patch may speak of. */
function patchedParts(kind: DocumentKind, object: JsonObject): JsonObject {
  const parts = kind.patched.flatMap((part) => (object[part] === undefined ? [] : [[part, object[part]] as const]));
  const picked = Object.fromEntries(parts);
  if (isJsonObject(picked.metadata)) {
    const { managedFields: _theirs, resourceVersion: _precondition, ...metadata } = picked.metadata;
    picked.metadata = metadata;
  }
  return picked;
}
