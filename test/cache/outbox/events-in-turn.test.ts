// Which Events give way when more come than may wait.
import test from 'ava';
import { OwedWritesStage } from '../../support/owed-writes-stage.ts';

const events = '/api/v1/namespaces/default/events';
/** Of OwedWritesStage. */
const limit = 50;

function post(stage: OwedWritesStage, name: string, type: 'Normal' | 'Warning' = 'Normal'): Promise<unknown> {
  const body = {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Node', name: 'node-1' },
    reason: 'Tested',
    type,
  };
  const gvr = { group: '', version: 'v1', resource: 'events' };
  return stage.write({ verb: 'create', name: '', kind: 'Event', gvr, body });
}

const namesOf = ({ writes }: OwedWritesStage): string[] => writes.outbox.entries.map(({ target }) => target.name);

test('an Event that gave way is shown to nobody any more', async (t) => {
  const stage = await OwedWritesStage.open();
  for (let i = 0; i < limit + 10; i++) await post(stage, `e.${i}`);
  t.deepEqual(namesOf(stage).length, limit);
  for (let i = 0; i < limit + 10; i++) {
    t.is(stage.writes.shown(`${events}/e.${i}`) !== undefined, i >= 10, `e.${i}`);
  }
  t.is(stage.writes.outbox.size.droppedEvents, 10);
});

test('the oldest Normal ones go first, Warnings last, one that may be in the cloud never; so in the next life, too', async (t) => {
  const stage = await OwedWritesStage.open();
  await post(stage, 'warning', 'Warning');
  for (let i = 0; i < limit - 1; i++) await post(stage, `e.${i}`);
  await stage.writes.outbox.markSent(stage.writes.outbox.pendingOf(`${events}/e.0`));
  await post(stage, 'one-more');
  t.deepEqual(namesOf(stage).slice(0, 3), ['warning', 'e.0', 'e.2']);
  await stage.writes.stop();
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  await post(next, 'and-one-more');
  t.deepEqual(namesOf(next).slice(0, 3), ['warning', 'e.0', 'e.3']);
  for (let i = 0; i < limit + 5; i++) await post(next, `w.${i}`, 'Warning');
  t.deepEqual(namesOf(next).slice(0, 2), ['e.0', 'w.6'], 'no Normal ones are left but the one that was sent');
});
