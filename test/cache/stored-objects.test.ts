import test from 'ava';
import fc from 'fast-check';
import { StoredObjects } from '../../src/cache/stored-objects.ts';
import { pod, podScope } from '../support/sample-objects.ts';

const scope = podScope();
const nameOf = ({ type, space, key }: { type: string; space: string; key: string }) => `${type} ${space} ${key}`;

test('an object goes with the last scope that holds it, its membership with each', (t) => {
  const objects = new StoredObjects();
  const web = pod({ name: 'web', version: 5 });
  t.deepEqual(objects.put(scope, '1', web).map(nameOf), ['put object v1/pods|default/web', 'put member 1/default/web']);
  t.deepEqual(objects.put(scope, '2', web).map(nameOf), ['put member 2/default/web']);
  t.deepEqual(objects.deleteAll('1').map(nameOf), ['delete member 1/default/web']);
  t.deepEqual(objects.deleteAll('1'), []);
  t.deepEqual(objects.delete(scope, '2', 'default/web').map(nameOf), [
    'delete member 2/default/web',
    'delete object v1/pods|default/web',
  ]);
  t.false(objects.has('v1/pods|default/web'));
});

test('what is to be written leaves on disk exactly what the scopes hold, whatever they put and drop', (t) => {
  const step = fc.record({
    action: fc.constantFrom('put', 'put', 'put', 'delete', 'deleteAll', 'hold'),
    number: fc.constantFrom('1', '2', '3'),
    name: fc.constantFrom('a', 'b', 'c', 'd'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const objects = new StoredObjects();
      const disk = new Set<string>();
      const model = new Map([...'123'].map((number) => [number, new Set<string>()]));
      let version = 1;
      for (const { action, number, name } of steps) {
        const held = model.get(number)!;
        const key = `default/${name}`;
        if (action === 'hold') {
          objects.hold(scope, number, pod({ name, version }));
          disk.add(`object v1/pods|${key}`).add(`member ${number}/${key}`);
          held.add(key);
          continue;
        }
        if (action === 'put') held.add(key);
        else if (action === 'delete') held.delete(key);
        else held.clear();
        const changes =
          action === 'put'
            ? objects.put(scope, number, pod({ name, version: version++ }))
            : action === 'delete'
              ? objects.delete(scope, number, key)
              : objects.deleteAll(number);
        for (const { type, space, key: recordKey } of changes) {
          if (type === 'put') disk.add(`${space} ${recordKey}`);
          else disk.delete(`${space} ${recordKey}`);
        }
      }
      const expected = new Set<string>();
      for (const [number, held] of model) {
        for (const key of held) expected.add(`object v1/pods|${key}`).add(`member ${number}/${key}`);
      }
      t.deepEqual([...disk].sort(), [...expected].sort());
    }),
  );
});
