import test from 'ava';
import fc from 'fast-check';
import { decodeKnownObject, encodeKnownObject, KnownObjects } from '../../src/cache/known-object.ts';

const hour = 3_600_000;
const limits = { bytes: 1000, objects: 100, lifetimeMs: 30 * 24 * hour };
const bytes = (text: string) => Buffer.from(text);

test('an object is known as it was last seen, to those it was shown to', (t) => {
  const known = new KnownObjects(limits);
  known.see('/a', 'node', bytes('one'), 10);
  known.see('/a', 'sa', bytes('two'), 20);
  t.like(known.get('/a'), { seenAt: 20, readers: { node: 10, sa: 20 } });
  t.is(known.get('/a')?.body.toString(), 'two');
  t.is(known.get('/b'), undefined);
});

test('news is a new body, a new reader, or an hour since it was last written down', (t) => {
  const known = new KnownObjects(limits);
  const see = (identity: string, body: string, at: number) => known.see('/a', identity, bytes(body), at).isNews;
  t.true(see('node', 'one', 0));
  t.false(see('node', 'one', 1));
  t.true(see('sa', 'one', 2));
  t.true(see('node', 'two', 3));
  t.false(see('node', 'two', 4));
  t.false(see('node', 'two', hour));
  t.true(see('node', 'two', hour + 4));
});

test('what is read all the time is still written down once an hour, so that its age is right after a restart', (t) => {
  const known = new KnownObjects(limits);
  let notes = 0;
  for (let now = 0; now <= 10 * hour; now += 60_000) if (known.see('/a', 'node', bytes('one'), now).isNews) notes += 1;
  t.true(notes >= 10, `${notes} notes`);
  t.true(notes <= 11);
});

test('a Lease is written down once an hour, however often it is renewed', (t) => {
  const known = new KnownObjects(limits);
  const lease = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/edge-7';
  let notes = 0;
  for (let now = 0; now < 2 * hour; now += 10_000) {
    if (known.see(lease, 'node', bytes(`renewed at ${now}`), now).isNews) notes += 1;
  }
  t.is(notes, 2);
  t.is(known.get(lease)?.body.toString(), `renewed at ${2 * hour - 10_000}`, 'in memory it is the last');
});

test('a refusal takes the object from one reader, and with the last one away', (t) => {
  const known = new KnownObjects(limits);
  known.see('/a', 'node', bytes('one'), 0);
  known.see('/a', 'sa', bytes('one'), 0);
  t.deepEqual(known.refuse('/a', 'node')?.readers, { sa: 0 });
  t.deepEqual(known.get('/a')?.readers, { sa: 0 });
  t.is(known.refuse('/a', 'sa'), undefined);
  t.is(known.get('/a'), undefined);
  t.is(known.bytes, 0);
  t.is(known.refuse('/b', 'node'), undefined);
});

test('a refusal of somebody it was never shown to changes nothing', (t) => {
  const known = new KnownObjects(limits);
  known.see('/a', 'node', bytes('one'), 0);
  t.deepEqual(known.refuse('/a', 'sa')?.readers, { node: 0 });
});

test('the longest unread goes first when room is needed, and is named', (t) => {
  const known = new KnownObjects({ ...limits, bytes: 40 });
  known.see('/a', 'node', Buffer.alloc(10), 0);
  known.see('/b', 'node', Buffer.alloc(10), 0);
  known.see('/c', 'node', Buffer.alloc(10), 0);
  known.get('/a');
  t.deepEqual(known.see('/d', 'node', Buffer.alloc(10), 0).dropped, ['/b']);
  t.deepEqual(known.see('/e', 'node', Buffer.alloc(22), 0).dropped, ['/c', '/a']);
});

test('what is forgotten is gone, and everything can be forgotten at once', (t) => {
  const known = new KnownObjects(limits);
  known.see('/a', 'node', bytes('one'), 0);
  known.see('/b', 'node', bytes('one'), 0);
  t.true(known.delete('/a'));
  t.false(known.delete('/a'));
  t.deepEqual(known.clear(), ['/b']);
  t.is(known.bytes, 0);
  t.is(known.get('/b'), undefined);
});

test('the bytes held are never above the limit, except for one object that is larger alone', (t) => {
  const step = fc.record({
    path: fc.constantFrom('/a', '/b', '/c', '/d', '/e'),
    size: fc.integer({ min: 0, max: 120 }),
    action: fc.constantFrom('see', 'see', 'see', 'get', 'delete', 'refuse'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const known = new KnownObjects({ ...limits, bytes: 100 });
      const model = new Map<string, number>();
      for (const { path, size, action } of steps) {
        if (action === 'get') known.get(path);
        else if (action === 'delete' || action === 'refuse') {
          if (action === 'delete') known.delete(path);
          else known.refuse(path, 'node');
          model.delete(path);
        } else {
          const { dropped } = known.see(path, 'node', Buffer.alloc(size), 0);
          model.set(path, size + path.length);
          for (const gone of dropped) model.delete(gone);
        }
        t.is(
          known.bytes,
          [...model.values()].reduce((sum, one) => sum + one, 0),
        );
        t.true(known.bytes <= 100 || model.size === 1);
      }
    }),
  );
});

test('an entry comes back from its bytes as it was', (t) => {
  const entry = fc.record({
    seenAt: fc.nat(),
    readers: fc.dictionary(fc.string(), fc.nat(), { noNullPrototype: true }),
    body: fc.uint8Array({ maxLength: 40 }).map((one) => Buffer.from(one)),
  });
  fc.assert(fc.property(entry, (one) => t.deepEqual(decodeKnownObject(encodeKnownObject(one)), one)));
});

test('what is restored is known, and news only when the disk has it as seen too long ago', (t) => {
  const known = new KnownObjects(limits);
  known.restore('/a', { body: bytes('one'), seenAt: 0, readers: { node: 0 } });
  t.is(known.get('/a')?.body.toString(), 'one');
  t.false(known.see('/a', 'node', bytes('one'), hour).isNews);
  t.true(known.see('/a', 'node', bytes('one'), hour + 1).isNews);
});

test('an object is told to a reader for as long as a right lasts after it was last shown to that very one', (t) => {
  const known = new KnownObjects({ ...limits, lifetimeMs: 10 * hour });
  known.see('/a', 'first', bytes('one'), 0);
  known.see('/a', 'sa', bytes('one'), 5 * hour);
  t.not(known.shownTo('/a', 'first', 10 * hour - 1), undefined);
  t.is(known.shownTo('/a', 'first', 10 * hour), undefined);
  t.not(known.shownTo('/a', 'sa', 10 * hour), undefined);
  t.is(known.shownTo('/a', 'stranger', 0), undefined);
});

test('what nobody may be told any more is forgotten, and named', (t) => {
  const known = new KnownObjects({ ...limits, lifetimeMs: 10 * hour });
  known.see('/a', 'first', bytes('one'), 0);
  known.see('/b', 'first', bytes('one'), 0);
  known.see('/b', 'sa', bytes('one'), hour);
  t.deepEqual(known.prune(10 * hour), ['/a']);
  t.deepEqual(known.prune(11 * hour), ['/b']);
});

test('no more objects and readers are remembered than the limits say; the latest stay', (t) => {
  const known = new KnownObjects({ ...limits, bytes: 1_000_000, objects: 3 });
  for (const name of ['a', 'b', 'c', 'd']) known.see(`/${name}`, 'first', bytes('x'), 0);
  t.is(known.get('/a'), undefined);
  t.not(known.get('/b'), undefined);
  for (let index = 0; index < 150; index++) known.see('/b', `token:${index}`, bytes('x'), index + 1);
  t.is(Object.keys(known.get('/b')!.readers).length, 100);
  t.is(known.shownTo('/b', 'token:49', 150), undefined);
  t.not(known.shownTo('/b', 'token:50', 150), undefined);
});

test('the node itself is told what it was shown, however long ago, until the cloud refuses it', (t) => {
  const known = new KnownObjects({ ...limits, lifetimeMs: 10 * hour });
  known.see('/a', 'node', bytes('one'), 0);
  for (let index = 0; index < 150; index++) known.see('/a', `token:${index}`, bytes('one'), hour);
  t.not(known.shownTo('/a', 'node', 10_000 * hour), undefined);
  t.is(known.shownTo('/a', 'token:149', 10_000 * hour), undefined);
  t.deepEqual(known.prune(10_000 * hour), []);
  known.refuse('/a', 'node');
  t.is(known.shownTo('/a', 'node', 1), undefined);
  t.deepEqual(known.prune(10_000 * hour), ['/a']);
});

test('pods that read ever new objects push out nothing that the node was shown, nor the node theirs', (t) => {
  const known = new KnownObjects({ ...limits, bytes: 1_000_000, objects: 3 });
  known.see('/pv', 'node', bytes('x'), 0);
  known.see('/shared', 'sa', bytes('x'), 0);
  known.see('/shared', 'node', bytes('x'), 0);
  for (let n = 0; n < 10; n += 1) known.see(`/of-pod-${n}`, 'sa', bytes('x'), n);
  t.not(known.shownTo('/pv', 'node', 10), undefined);
  t.not(known.shownTo('/shared', 'sa', 10), undefined);
  for (let n = 0; n < 10; n += 1) known.see(`/pvc-${n}`, 'node', bytes('x'), n);
  t.is(known.shownTo('/pv', 'node', 10), undefined, 'of its own the longest unread goes');
  t.not(known.shownTo('/of-pod-7', 'sa', 10), undefined);
  t.is(known.bytes, 3 * '/pvc-0x'.length + 3 * '/of-pod-0x'.length);
  known.see('/last', 'node', bytes('x'), 20);
  t.is(known.refuse('/last', 'node'), undefined);
  t.is(known.get('/last'), undefined);
});

test('an object that the node may not read any more is one of the others’', (t) => {
  const known = new KnownObjects({ ...limits, objects: 1 });
  known.see('/a', 'sa', bytes('one'), 0);
  known.see('/a', 'node', bytes('one'), 0);
  known.see('/b', 'sa', bytes('one'), 0);
  known.refuse('/a', 'node');
  t.not(known.shownTo('/a', 'sa', 1), undefined);
  t.is(known.get('/b'), undefined, 'it took the one place that there is');
});

test('the CSINode, which kubelet reads once, outlasts all that the node reads later', (t) => {
  const csiNode = '/apis/storage.k8s.io/v1/csinodes/edge-7';
  const known = new KnownObjects({ ...limits, bytes: 1_000_000, objects: 3 });
  known.see(csiNode, 'node', bytes('x'), 0);
  for (let n = 0; n < 10; n += 1) known.see(`/pvc-${n}`, 'node', bytes('x'), n);
  t.not(known.get(csiNode), undefined);
  t.not(known.get('/pvc-9'), undefined);
  t.is(known.get('/pvc-7'), undefined);
});

test('after a restart, too, the longest unseen goes first', (t) => {
  const known = new KnownObjects({ ...limits, bytes: 1_000_000, objects: 3 });
  for (const [path, seenAt] of Object.entries({ '/a': 30, '/b': 10, '/c': 20 })) {
    known.restore(path, { body: bytes('x'), seenAt, readers: { sa: seenAt } });
  }
  known.restored();
  t.deepEqual(known.see('/d', 'sa', bytes('x'), 40).dropped, ['/b']);
  t.deepEqual(known.see('/e', 'sa', bytes('x'), 50).dropped, ['/c']);
});
