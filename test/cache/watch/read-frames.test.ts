import test from 'ava';
import fc from 'fast-check';
import type { WatchFrame } from '../../../src/apimachinery/watch-frame.ts';
import { HistoryExpiredError, VersionRegressedError } from '../../../src/cache/errors.ts';
import { isBookmarkBelow, readFrames } from '../../../src/cache/watch/read-frames.ts';
import { podText } from '../../support/sample-objects.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const frame = (type: WatchFrame['type'], text: string): WatchFrame => ({ type, object: Buffer.from(text) });
const bookmark = (version: number) =>
  frame('BOOKMARK', JSON.stringify({ kind: 'Pod', apiVersion: 'v1', metadata: { resourceVersion: String(version) } }));

test('each frame is one change, in its order; none is of a version that the watch was opened from or below', (t) => {
  const version = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(version, fc.array(version), (since, versions) => {
      const frames = versions.map((one) => frame('MODIFIED', podText({ name: 'a', version: one })));
      const read = () =>
        readFrames(pods, frames, String(since)).map((change) =>
          change.type === 'BOOKMARK' ? '' : change.object.resourceVersion,
        );
      if (versions.every((one) => one > since)) t.deepEqual(read(), versions.map(String));
      else t.throws(read, { instanceOf: VersionRegressedError });
    }),
  );
});

test('a bookmark below the version of the watch is read, and is known as one; an ERROR frame is thrown', (t) => {
  const [change] = readFrames(pods, [bookmark(7)], '10');
  t.true(isBookmarkBelow(change!, '10'));
  t.false(isBookmarkBelow(change!, '7'));
  const expired = frame('ERROR', JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired' }));
  t.throws(() => readFrames(pods, [bookmark(11), expired], '10'), { instanceOf: HistoryExpiredError });
});
