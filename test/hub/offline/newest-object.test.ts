import test from 'ava';
import { newestSight } from '../../../src/hub/offline/newest-object.ts';

const body = Buffer.from('{}');
const old = { body, resourceVersion: '99', ageMs: 60 };
const young = { body, resourceVersion: '100', ageMs: 90 };

test('of two sights of an object the one with the higher version counts, whatever their ages', (t) => {
  t.is(newestSight(old, young), young);
  t.is(newestSight(young, old), young);
});

test('absence counts only when it was seen later than the object', (t) => {
  const absent = { body: undefined, resourceVersion: '', ageMs: 70 };
  t.is(newestSight(absent, { ...old, ageMs: 60 })?.body, body);
  t.is(newestSight(absent, { ...old, ageMs: 80 })?.body, undefined);
});

test('one sight is better than none, and none is none', (t) => {
  t.is(newestSight(old, undefined), old);
  t.is(newestSight(undefined, young), young);
  t.is(newestSight(undefined, undefined), undefined);
});
