import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';
import { schemaOf, schemaTable } from '../../../src/apimachinery/schema/schema-of.ts';
import type { TypeSchema } from '../../../src/apimachinery/schema/type-schema.ts';

test('a field is known by its JSON name, its tag, its type and how patches merge it', (t) => {
  const pod = schemaOf('v1', 'Pod')!;
  t.true(pod.hasTypeMeta);
  const containers = pod.field('spec')!.message!.field('containers')!;
  t.like(containers, { tag: 2, container: 'list', type: 'message', patchStrategy: 'merge', patchMergeKey: 'name' });
  t.is(containers.message!.name, 'core/v1.Container');
  const volumes = pod.field('spec')!.message!.field('volumes')!;
  t.like(volumes, { patchStrategy: 'merge', retainsKeys: true });
  t.like(volumes.message!.field('hostPath'), { json: 'hostPath', isPointer: true }); // of an inline struct
  t.like(pod.field('status')!.message!.field('containerStatuses'), { patchStrategy: undefined });
  t.like(schemaOf('v1', 'Secret')!.field('data'), { container: 'map', type: 'bytes', tag: 2 });
});

test('the merge keys are those that kubelet relies on', (t) => {
  const keys = (apiVersion: string, kind: string, part: string) => {
    const type = schemaOf(apiVersion, kind)!.field(part)!.message!;
    const merged = type.fields.filter(({ patchStrategy }) => patchStrategy === 'merge');
    return Object.fromEntries(merged.map(({ json, patchMergeKey }) => [json, patchMergeKey]));
  };
  t.deepEqual(keys('v1', 'Node', 'status'), { conditions: 'type', addresses: 'type' });
  t.like(keys('v1', 'Pod', 'status'), {
    conditions: 'type',
    podIPs: 'ip',
    hostIPs: 'ip',
    resourceClaimStatuses: 'name',
  });
  t.deepEqual(keys('v1', 'Pod', 'metadata'), { ownerReferences: 'uid', finalizers: undefined });
  t.like(keys('v1', 'Service', 'spec'), { ports: 'port' });
  t.deepEqual(keys('storage.k8s.io/v1', 'CSINode', 'spec'), { drivers: 'name' });
});

test('what every group has is known in every group, what none has in none', (t) => {
  t.is(schemaOf('apps/v1', 'DeleteOptions')?.name, 'meta/v1.DeleteOptions');
  t.is(schemaOf('v1', 'Status')?.name, 'meta/v1.Status');
  t.is(schemaOf('example.com/v1', 'Widget'), undefined);
  t.is(schemaOf('v1', 'Deployment'), undefined);
});

test('every type that any kind reaches can be read, with tags and names that are unique', (t) => {
  const seen = new Set<TypeSchema>();
  const visit = (type: TypeSchema) => {
    if (seen.has(type)) return;
    seen.add(type);
    const tags = type.fields.map(({ tag }) => tag).filter((tag) => tag > 0);
    t.is(new Set(tags).size, tags.length, type.name);
    for (const field of type.fields) {
      if (!field.isInline) t.is(type.field(field.json), field, `${type.name}.${field.json}`);
      if (field.tag > 0) t.is(type.fields[type.indexByTag(field.tag)], field);
      if (field.message) visit(field.message);
    }
  };
  const kinds = schemaTable().kinds();
  for (const [apiVersion, kind] of kinds) visit(schemaOf(apiVersion, kind)!);
  t.true(kinds.length > 300 && seen.size > 1000, `${kinds.length} kinds, ${seen.size} types`);
});

test('a daemon that starts does not read the table: who first asks for a type does', async (t) => {
  const [daemon, types] = ['hub/run.ts', 'apimachinery/schema/schema-of.ts'].map(
    (path) => new URL(`../../../src/${path}`, import.meta.url).href,
  );
  const program = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const { readFileSync } = fs;
    let reads = 0;
    fs.readFileSync = (file, ...rest) => {
      if (String(file).includes('kubernetes-types')) reads += 1;
      return readFileSync(file, ...rest);
    };
    syncBuiltinESMExports();
    await import(${JSON.stringify(daemon)});
    const { schemaOf } = await import(${JSON.stringify(types)});
    const atStart = reads;
    schemaOf('v1', 'Pod');
    schemaOf('v1', 'Node');
    console.log(JSON.stringify([atStart, reads]));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  t.deepEqual(JSON.parse(stdout), [0, 1]);
});
