// Folding against a model: a cloud that nobody else changes ends the same whether each write is brought there or only what
// was folded out of them.
import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import type { AcceptedWrite, OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { fold } from '../../../src/cache/outbox/fold.ts';
import { entryOf, objectOf, writeOf } from '../../support/outbox-entries.ts';

interface Act {
  readonly what: 'data' | 'status' | 'delete' | 'create';
  readonly who: string;
  readonly value: string;
}

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.record({
    what: fc.constantFrom('data', 'data', 'data', 'status', 'status', 'delete', 'create'),
    who: fc.constantFrom('kubectl', 'kubectl', 'controller'),
    value: fc.constantFrom('1', '2', '3'),
  }),
  { minLength: 1, maxLength: 12 },
);

/** As the desk takes them in: each is made of what readers were shown before it. */
function writesOf(history: readonly Act[], isThere: boolean): AcceptedWrite[] {
  let shown: JsonObject | undefined = isThere ? objectOf('web', { version: '10', data: {}, status: {} }) : undefined;
  const writes: AcceptedWrite[] = [];
  history.forEach(({ what, who, value }, index) => {
    const op = what === 'create' ? 'create' : what === 'delete' ? 'delete' : 'update';
    if ((op === 'create') !== (shown === undefined)) return;
    const before = shown;
    const subresource = what === 'status' ? 'status' : '';
    const after: JsonObject | undefined =
      op === 'delete'
        ? undefined
        : op === 'create'
          ? objectOf('web', { uid: `edge-${index}`, data: { a: value }, status: {} })
          : { ...before!, [what]: { a: value } };
    const cloudVersion = writes.length === 0 && isThere ? '10' : '';
    const resourceVersion = String(1000 + index);
    writes.push(writeOf({ op, before, after, subresource, fieldManager: who, cloudVersion, resourceVersion }));
    shown = after;
  });
  return writes;
}

/** What one write makes of the cloud's object, when nobody else has changed it. */
function bring(write: AcceptedWrite, cloud: JsonObject | undefined): JsonObject | undefined {
  if (write.op === 'delete') return undefined;
  if (write.op === 'create') return write.after;
  if (cloud === undefined) throw new Error('nothing is there to be changed');
  if (write.target.subresource === 'status') return { ...cloud, status: write.after!.status! };
  return { ...write.after!, status: cloud.status! };
}

function outboxOf(writes: readonly AcceptedWrite[]): OutboxEntry[] {
  const pending: OutboxEntry[] = [];
  writes.forEach((write, index) => {
    const folded = fold(pending, write);
    if (folded === undefined) {
      pending.push({ ...write, sequence: index + 1, state: 'queued', firstWrittenAt: write.writtenAt, writes: 1 });
      return;
    }
    const at = pending.findIndex(({ sequence }) => sequence === folded.replaces);
    if (folded.entry === undefined) pending.splice(at, 1);
    else pending[at] = { ...folded.entry, sequence: folded.replaces };
  });
  return pending;
}

test('what was folded brings the cloud to the same end as every single write', (t) => {
  fc.assert(
    fc.property(acts, fc.boolean(), (history, isThere) => {
      const start = isThere ? objectOf('web', { version: '10', data: {}, status: {} }) : undefined;
      const writes = writesOf(history, isThere);
      const one = writes.reduce((cloud, write) => bring(write, cloud), start);
      const other = outboxOf(writes).reduce((cloud, entry) => bring(entry, cloud), start);
      t.deepEqual(other, one);
    }),
    { numRuns: 2000 },
  );
});

test('an entry starts where its first write started, so that the cloud’s own changes can be told from its own', (t) => {
  fc.assert(
    fc.property(acts, fc.boolean(), (history, isThere) => {
      const writes = writesOf(history, isThere);
      for (const entry of outboxOf(writes)) {
        const first = writes[entry.sequence - 1]!;
        t.deepEqual(entry.before, first.before);
        t.is(entry.cloudVersion, first.cloudVersion);
        t.is(entry.firstWrittenAt, first.writtenAt);
      }
    }),
    { numRuns: 500 },
  );
});

test('a day of node status is one entry, with the last status and the first base', (t) => {
  const status = (n: number): AcceptedWrite =>
    writeOf({
      class: 'node-status',
      subresource: 'status',
      identity: 'node',
      before: objectOf('edge-1', { status: { n: n - 1 } }),
      after: objectOf('edge-1', { status: { n } }),
      resourceVersion: String(1000 + n),
    });
  const pending = outboxOf(Array.from({ length: 8640 }, (_, index) => status(index + 1)));
  t.is(pending.length, 1);
  t.is(pending[0]!.writes, 8640);
  t.deepEqual([pending[0]!.before!.status, pending[0]!.after!.status], [{ n: 0 }, { n: 8640 }]);
});

test('an object made and deleted while the cloud was away is never told of', (t) => {
  const made = writeOf({ op: 'create', after: objectOf('web', { uid: 'edge-1' }) });
  const gone = writeOf({ op: 'delete', before: made.after });
  t.deepEqual(outboxOf([made, gone]), []);
});

test('kubectl deletes under another name than it creates: the two cancel each other out all the same', (t) => {
  const after = objectOf('web', { uid: 'edge-1', data: { a: '1' } });
  const made = entryOf({ op: 'create', after, fieldManager: 'kubectl-create' });
  const deletion = writeOf({ op: 'delete', before: after, fieldManager: 'kubectl' });
  t.deepEqual(fold([made], deletion), { replaces: made.sequence, entry: undefined });
  t.is(fold([made], { ...deletion, writer: { ...deletion.writer, identity: 'sa:default:other' } }), undefined);
});

test('what the cloud may have heard of is never folded away', (t) => {
  const after = objectOf('web', { uid: 'edge-1' });
  const sent = entryOf({ op: 'create', after, state: 'sent' });
  t.is(fold([sent], writeOf({ op: 'delete', before: after })), undefined);
  t.is(fold([sent], writeOf({ before: after })), undefined);
  t.is(fold([entryOf({ after })], writeOf({ before: after, isUnknown: true })), undefined);
});

test('nobody’s writes are folded into those of another identity or field manager', (t) => {
  const after = objectOf('web', { data: { a: '1' } });
  const mine = entryOf({ after });
  t.truthy(fold([mine], writeOf({ before: after })));
  t.is(fold([mine], writeOf({ before: after, identity: 'sa:default:other' })), undefined);
  t.is(fold([mine], writeOf({ before: after, fieldManager: 'other' })), undefined);
});

test('a write to what was made anew is not folded into one to its predecessor', (t) => {
  const old = entryOf({ after: objectOf('web', { uid: 'uid-1' }) });
  t.is(fold([old], writeOf({ before: objectOf('web', { uid: 'uid-2' }) })), undefined);
});

test('a newer token of the writer takes the place of the older one', (t) => {
  const after = objectOf('web', { data: { a: '1' } });
  const folded = fold([entryOf({ after, token: 'old' })], writeOf({ before: after, token: 'new' }));
  t.is(folded?.entry?.writer.token, 'new');
});
