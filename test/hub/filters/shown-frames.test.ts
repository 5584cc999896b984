// What a client hears of objects that its filters hide, on a watch that is passed on from the cloud.
import test from 'ava';
import type { WatchFrame } from '../../../src/apimachinery/watch-frame.ts';
import { ShownFrames } from '../../../src/hub/filters/shown-frames.ts';

const services = { group: '', version: 'v1', resource: 'services' };
const metadata = { name: 'elb', namespace: 'shop', uid: 'u', resourceVersion: '7' };
const object = Buffer.from(
  JSON.stringify({ kind: 'Service', apiVersion: 'v1', metadata, spec: { clusterIP: '10.0.0.9' } }),
);
const frame = (type: WatchFrame['type']): WatchFrame => ({ type, object });
const told = (frames: readonly WatchFrame[]) => frames.map(({ type }) => type);

test('what is made hidden after a version is not spoken of to a client that goes on from there', (t) => {
  for (const startsEmpty of [false, true]) {
    const shown = new ShownFrames({ show: () => undefined }, services, startsEmpty);
    t.deepEqual(told(shown.pass([frame('ADDED'), frame('MODIFIED'), frame('DELETED'), frame('ADDED')])), []);
  }
});

test('what a client may have from before is DELETED once when it is hidden, as a whole, for the client takes it back by what it was', (t) => {
  const shown = new ShownFrames({ show: () => undefined }, services, false);
  const frames = shown.pass([frame('MODIFIED'), frame('MODIFIED'), frame('DELETED')]);
  t.deepEqual(told(frames), ['DELETED']);
  t.deepEqual(frames[0]!.object, object);
});

test('what is shown is told as the cloud tells it', (t) => {
  for (const startsEmpty of [false, true]) {
    const shown = new ShownFrames({ show: (one) => one }, services, startsEmpty);
    const frames = ['ADDED', 'MODIFIED', 'DELETED', 'ADDED', 'DELETED'] as const;
    t.deepEqual(told(shown.pass(frames.map(frame))), [...frames]);
  }
});

test('of objects that come and go, hidden or not, nothing is remembered once they are gone', (t) => {
  for (const startsEmpty of [false, true]) {
    for (const isShown of [false, true]) {
      const shown = new ShownFrames({ show: (one) => (isShown ? one : undefined) }, services, startsEmpty);
      for (let n = 0; n < 100; n += 1) {
        const of = (type: WatchFrame['type'], name: string): WatchFrame => {
          const whole = { kind: 'Service', apiVersion: 'v1', metadata: { ...metadata, name } };
          return { type, object: Buffer.from(JSON.stringify(whole)) };
        };
        shown.pass([of('ADDED', `new-${n}`), of('MODIFIED', `new-${n}`), of('DELETED', `new-${n}`)]);
        if (!startsEmpty) shown.pass([of('MODIFIED', `old-${n}`), of('DELETED', `old-${n}`)]);
      }
      t.is(shown.remembered, 0, `${startsEmpty} ${isShown}`);
    }
  }
});
