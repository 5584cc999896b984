import test from 'ava';
import { replayGate } from '../../../src/cache/outbox/replay-gate.ts';
import { ManualLink } from '../../support/manual-timing.ts';
import { settled } from '../../support/scripted-transport.ts';

class Catching {
  isCaughtUp = false;
  #waiting: (() => void)[] = [];

  whenCaughtUp(signal: AbortSignal): Promise<void> {
    if (this.isCaughtUp) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  catchUp(): void {
    this.isCaughtUp = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

test('who reads the cloud anew waits for the link and for what is owed, and again when the link was lost meanwhile', async (t) => {
  const link = new ManualLink();
  const replay = new Catching();
  const gate = replayGate(link, replay);
  link.set(false);
  let isOpen = false;
  const waiting = gate.whenOnline(new AbortController().signal).then(() => {
    isOpen = true;
  });
  link.set(true);
  await settled();
  t.false(gate.isOnline || isOpen);
  link.set(false);
  replay.catchUp();
  await settled();
  t.false(gate.isOnline || isOpen, 'caught up, but gone again');
  link.set(true);
  await waiting;
  t.true(gate.isOnline);
});

test('who gives up waiting is let go', async (t) => {
  const gate = replayGate(new ManualLink(), new Catching());
  const leaving = new AbortController();
  const waiting = gate.whenOnline(leaving.signal);
  leaving.abort(new Error('gone'));
  await t.throwsAsync(waiting, { message: 'gone' });
});
