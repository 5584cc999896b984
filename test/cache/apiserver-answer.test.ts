import test from 'ava';
import { isApiserverAnswer } from '../../src/cache/apiserver-answer.ts';

test("a refusal counts as the apiserver's when it is marked or written as the apiserver does", (t) => {
  t.true(isApiserverAnswer({ 'audit-id': 'x', 'content-type': 'text/plain' }));
  t.true(isApiserverAnswer({ 'content-type': 'application/json' }));
  t.true(isApiserverAnswer({ 'content-type': 'application/vnd.kubernetes.protobuf' }));
});

test('a page of a load balancer is not the word of the apiserver', (t) => {
  t.false(isApiserverAnswer({ 'content-type': 'text/html' }));
  t.false(isApiserverAnswer({ 'content-type': 'text/plain; charset=utf-8' }));
  t.false(isApiserverAnswer({}));
});
