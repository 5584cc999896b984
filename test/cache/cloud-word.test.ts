import test from 'ava';
import { wordOfAnswer } from '../../src/cache/cloud-word.ts';

const configMaps = { group: '', version: 'v1', resource: 'configmaps' };
const metadata = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '7' };
const object = (more: object = {}) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...metadata, ...more } });
const status = (details?: object) => ({ apiVersion: 'v1', kind: 'Status', status: 'Success', details });

function said(verb: string, answer: unknown): string {
  const word = wordOfAnswer(
    configMaps,
    verb,
    Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)),
  );
  if (word === undefined) return 'nothing';
  return 'object' in word ? `${word.object.key}@${word.object.resourceVersion}` : `gone ${word.goneUid}`;
}

test('the answer to a write is the object as the cloud has it', (t) => {
  for (const verb of ['create', 'update', 'patch']) t.is(said(verb, object()), 'default/web@7');
});

test('a deletion says which object is gone, or how it stands while something holds it', (t) => {
  t.is(said('delete', status({ name: 'web', uid: 'u' })), 'gone u');
  t.is(said('delete', object()), 'gone u');
  t.is(said('delete', object({ deletionGracePeriodSeconds: 0 })), 'gone u');
  t.is(said('delete', object({ deletionGracePeriodSeconds: 30 })), 'default/web@7');
  t.is(said('delete', object({ finalizers: ['a/b'] })), 'default/web@7');
});

test('what is no object of its own says nothing', (t) => {
  t.is(said('create', status({ uid: 'u' })), 'nothing');
  t.is(said('delete', status()), 'nothing');
  t.is(said('update', { metadata }), 'nothing');
  t.is(said('update', { ...object(), metadata: { name: 'web' } }), 'nothing');
  t.is(said('update', '[]'), 'nothing');
  t.is(said('update', 'no JSON'), 'nothing');
});
