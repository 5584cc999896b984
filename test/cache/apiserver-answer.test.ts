import test from 'ava';
import { isApiserverAnswer, isRefusedBehind } from '../../src/cache/apiserver-answer.ts';

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

test('a 401 of an API behind the kube-apiserver is told from its own: that one was never filed under a flow schema', (t) => {
  const passedOn = { 'audit-id': 'x', 'x-kubernetes-pf-flowschema-uid': 'u' };
  t.true(isRefusedBehind({ statusCode: 401, headers: passedOn }));
  t.false(isRefusedBehind({ statusCode: 401, headers: { 'audit-id': 'x' } }));
  for (const statusCode of [200, 403, 429]) t.false(isRefusedBehind({ statusCode, headers: passedOn }));
});
