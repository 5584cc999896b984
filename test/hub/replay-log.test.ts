import test from 'ava';
import { logReplay } from '../../src/hub/replay-log.ts';

test('a replay that is cut short again and again for one reason is told of once, and when it is through', (t) => {
  const lines: unknown[] = [];
  const write = ({ event }: { event: string }) => lines.push(event);
  const events = logReplay({ info: write, warn: write } as unknown as Parameters<typeof logReplay>[0]);
  for (let second = 0; second < 60; second += 1) {
    events.replayBegan(3);
    events.replayInterrupted(new Error(second < 30 ? 'no route to host' : 'the disk is full'), 3);
  }
  t.deepEqual(lines, ['replay.began', 'replay.interrupted', 'replay.interrupted']);
  events.replayBegan(3);
  events.replayEnded(3);
  events.replayBegan(1);
  t.deepEqual(lines.slice(3), ['replay.ended', 'replay.began']);
  events.diskChanged(new Error('EIO'));
  events.diskChanged(undefined);
  t.deepEqual(lines.slice(5), ['outbox.behind', 'outbox.on-disk']);
});
