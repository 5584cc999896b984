import test from 'ava';
import { encodeProtobuf } from '../../src/apimachinery/protobuf/encode-protobuf.ts';
import { endBytes, versionInBody } from '../../src/apimachinery/version-in-body.ts';

const pod = (name: string, version: string) => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}`, resourceVersion: version, labels: { app: name } },
  spec: { nodeName: 'edge-1', containers: [] },
});
const items = Array.from({ length: 300 }, (_, index) => pod(`web-${index}`, String(1000 + index)));
const metadata = { resourceVersion: '12345', remainingItemCount: 7, continue: 'token' };

function ends(body: Buffer): [head: Buffer, tail: Buffer] {
  return [body.subarray(0, endBytes.head), body.subarray(-endBytes.tail)];
}

test('the version of a list is read from its ends, in every form in which apiservers write it', (t) => {
  const typed = { kind: 'PodList', apiVersion: 'v1', metadata, items };
  const table = { kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata, columnDefinitions: [], rows: [] };
  const custom = { apiVersion: 'example.com/v1', items, kind: 'WidgetList', metadata };
  for (const list of [typed, table, custom, { ...typed, items: [] }]) {
    const body = Buffer.from(`${JSON.stringify(list)}\n`);
    t.is(versionInBody('application/json', ...ends(body), true), '12345', list.kind);
  }
  const protobuf = encodeProtobuf(typed);
  t.is(versionInBody('application/vnd.kubernetes.protobuf', ...ends(protobuf), true), '12345');
});

test('the version of an object is read from its first bytes', (t) => {
  const object = { kind: 'Pod', apiVersion: 'v1', ...pod('web', '77') };
  const body = Buffer.from(JSON.stringify(object));
  t.is(versionInBody('application/json;charset=utf-8', ...ends(body), false), '77');
  t.is(versionInBody('application/vnd.kubernetes.protobuf', ...ends(encodeProtobuf(object)), false), '77');
});

test('where the ends of a body do not tell its version, nothing is guessed', (t) => {
  const json = 'application/json';
  const sorted = {
    apiVersion: 'v1',
    kind: 'Widget',
    metadata: { annotations: { a: '"resourceVersion":"9"' }, resourceVersion: '5' },
  };
  const inside = { kind: 'Event', apiVersion: 'v1', involvedObject: { resourceVersion: '999' }, metadata: {} };
  for (const object of [sorted, inside, [], 'text', { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: [] }]) {
    const body = Buffer.from(JSON.stringify(object));
    t.is(versionInBody(json, ...ends(body), false), '');
  }
  t.is(versionInBody('text/html', Buffer.from('<html>'), Buffer.alloc(0), true), '');
  const protobuf = encodeProtobuf({ kind: 'PodList', apiVersion: 'v1', metadata, items: [] });
  for (let length = 0; length < 30; length += 1) {
    t.is(versionInBody('application/vnd.kubernetes.protobuf', protobuf.subarray(0, length), Buffer.alloc(0), true), '');
  }
});
