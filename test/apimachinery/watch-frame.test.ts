import test from 'ava';
import fc from 'fast-check';
import {
  CutWatchFrameError,
  encodeBookmark,
  encodeWatchEvent,
  MalformedWatchFrameError,
  type WatchEventType,
  WatchFrameReader,
  WatchFrameTooLargeError,
} from '../../src/apimachinery/watch-frame.ts';

const types: WatchEventType[] = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];
const event = fc.record({
  type: fc.constantFrom(...types),
  object: fc
    .dictionary(fc.string({ unit: 'binary' }), fc.jsonValue(), { maxKeys: 4 })
    .map((value) => JSON.stringify(value)),
});
const events = fc.array(event, { maxLength: 6 });

function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

test('a frame that is kept keeps no more than itself', (t) => {
  const frame = encodeWatchEvent('ADDED', Buffer.from('{"kind":"Pod"}'));
  t.is(frame.buffer.byteLength, frame.length);
});

test('a frame is one line of JSON', (t) => {
  t.is(encodeWatchEvent('ADDED', Buffer.from('{"a":1}')).toString(), '{"type":"ADDED","object":{"a":1}}\n');
});

test('events read back byte for byte, wherever the stream is cut into chunks', (t) => {
  fc.assert(
    fc.property(events, fc.array(fc.nat(), { maxLength: 12 }), (given, cuts) => {
      const stream = Buffer.concat(given.map(({ type, object }) => encodeWatchEvent(type, Buffer.from(object))));
      const reader = new WatchFrameReader();
      const frames = chunksOf(stream, cuts).flatMap((chunk) => [...reader.push(chunk)]);
      reader.end();
      t.deepEqual(
        frames.map(({ type, object }) => ({ type, object: object.toString() })),
        given,
      );
    }),
    { numRuns: 300 },
  );
});

test('events read back from single bytes', (t) => {
  const stream = encodeWatchEvent('MODIFIED', Buffer.from('{"a":"\\n😀"}'));
  const reader = new WatchFrameReader();
  const frames = [...stream].flatMap((byte) => [...reader.push(Buffer.from([byte]))]);
  t.deepEqual(
    frames.map(({ object }) => object.toString()),
    ['{"a":"\\n😀"}'],
  );
});

test('a stream that ends inside a frame says so', (t) => {
  const whole = encodeWatchEvent('ADDED', Buffer.from('{"a":1}'));
  for (let length = 1; length < whole.length; length += 1) {
    const reader = new WatchFrameReader();
    t.deepEqual(reader.push(whole.subarray(0, length)), []);
    t.throws(() => reader.end(), { instanceOf: CutWatchFrameError, message: new RegExp(`after ${length} bytes`) });
  }
  const reader = new WatchFrameReader();
  reader.push(whole);
  t.notThrows(() => reader.end());
});

test('type and object may stand in either order, with blanks and empty lines between', (t) => {
  const reader = new WatchFrameReader();
  const frames = reader.push(Buffer.from('\r\n\n{ "object" : {"a":1} , "type" : "DELETED" }\r\n \n'));
  t.deepEqual(
    frames.map(({ type, object }) => [type, object.toString()]),
    [['DELETED', '{"a":1}']],
  );
  t.notThrows(() => reader.end());
});

test('an object that came in one chunk is a view into it', (t) => {
  const chunk = encodeWatchEvent('ADDED', Buffer.from('{"n":9007199254740993}'));
  const [frame] = new WatchFrameReader().push(chunk);
  t.is(frame!.object.buffer, chunk.buffer);
  t.is(frame!.object.toString(), '{"n":9007199254740993}');
});

test('a line that is no event is refused', (t) => {
  const lines = [
    'x',
    '[]',
    '{}',
    '{"type":"ADDED"}',
    '{"object":{}}',
    '{"type":"RENAMED","object":{}}',
    '{"type":1,"object":{}}',
    '{"type":"ADDED","object":1}',
    '{"type":"ADDED","object":{"a":"b}}',
    '{"type":"ADDED","object":{}} {}',
    '{"type":"ADDED","type":"DELETED","object":{}}',
  ];
  for (const line of lines) {
    const reader = new WatchFrameReader();
    t.throws(() => reader.push(Buffer.from(`${line}\n`)), { instanceOf: MalformedWatchFrameError }, line);
  }
});

test('a frame above the limit is refused before it is whole', (t) => {
  const limitBytes = 64;
  const frame = (size: number) =>
    encodeWatchEvent('ADDED', Buffer.from(JSON.stringify('x'.repeat(size)))).subarray(0, -1);
  const slow = new WatchFrameReader({ limitBytes });
  const bytewise = () => {
    for (const byte of frame(100)) slow.push(Buffer.from([byte]));
  };
  t.throws(bytewise, { instanceOf: WatchFrameTooLargeError });
  const once = new WatchFrameReader({ limitBytes });
  const large = Buffer.concat([frame(100), Buffer.from('\n')]);
  t.throws(() => once.push(large), { instanceOf: WatchFrameTooLargeError, code: 'WATCH_FRAME_TOO_LARGE' });
  const small = encodeWatchEvent('ADDED', Buffer.from('{"a":1}'));
  const many = new WatchFrameReader({ limitBytes });
  t.is(many.push(Buffer.concat(Array.from({ length: 100 }, () => small))).length, 100);
});

test('a bookmark carries the version and, when asked, the end of the initial events', (t) => {
  const about = { kind: 'Pod', apiVersion: 'v1', resourceVersion: '7' };
  t.is(
    encodeBookmark(about).toString(),
    '{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7"}}}\n',
  );
  t.is(
    encodeBookmark({ ...about, initialEventsEnd: true }).toString(),
    '{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"7","annotations":{"k8s.io/initial-events-end":"true"}}}}\n',
  );
});
