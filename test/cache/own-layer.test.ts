import test from 'ava';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { OwnLayer } from '../../src/cache/own-layer.ts';
import { pod } from '../support/sample-objects.ts';

const key = 'default/a';
const event = (object: KubernetesObject | undefined, version: string) => ({ key, object, version });

/** The cloud has `a` at version 5, and something else is shown. */
function covered(): OwnLayer {
  const own = new OwnLayer();
  own.cover(key, pod({ name: 'a', uid: 'first', version: 5 }));
  return own;
}

test('what the cloud has answered counts before its stream has brought it, and is not taken back by older events', (t) => {
  const own = covered();
  own.hear(key, pod({ name: 'a', uid: 'first', version: 9 }));
  t.is(own.get(key)?.resourceVersion, '9');
  own.follow([event(pod({ name: 'a', uid: 'first', version: 7 }), '7')]);
  t.is(own.get(key)?.resourceVersion, '9');
  own.follow([event(pod({ name: 'a', uid: 'first', version: 9 }), '9')]);
  own.follow([event(pod({ name: 'a', uid: 'first', version: 12 }), '12')]);
  t.is(own.get(key)?.resourceVersion, '12');
});

test('what the cloud has answered to be gone does not come back by what its stream tells of the time before', (t) => {
  const own = covered();
  own.hear(key, undefined);
  t.is(own.get(key), undefined);
  t.true(own.isOutdated(event(pod({ name: 'a', uid: 'first', version: 7 }), '7')));
  t.false(own.isOutdated(event(undefined, '8')), 'its deletion is what is waited for');
  t.false(own.isOutdated(event(pod({ name: 'a', uid: 'second', version: 9 }), '9')), 'nor is one that was made since');
  t.false(own.hasReached(key, ''));
  own.follow([event(undefined, '8')]);
  t.true(own.hasReached(key, ''));
  own.follow([event(pod({ name: 'a', uid: 'second', version: 9 }), '9')]);
  t.is(own.get(key)?.uid, 'second');
});

test('a write ends with the cloud’s answer to it, or with whatever comes after that, not with what came before', (t) => {
  const own = covered();
  own.endWith(key, { version: '9', isShown: false });
  t.false(own.isEndedBy(event(pod({ name: 'a', version: 7 }), '7')));
  t.true(own.isEndedBy(event(pod({ name: 'a', version: 9 }), '9')));
  t.true(own.isEndedBy(event(undefined, '10')));
  own.cover(key, undefined);
  t.false(own.isEndedBy(event(pod({ name: 'a', version: 9 }), '9')), 'it was written to again');
});

test('at which version the cloud had what is shown is known only where that is shown', (t) => {
  const own = covered();
  t.is(own.shownSince(key), '');
  own.endWith(key, { version: '9', isShown: false });
  t.is(own.shownSince(key), '', 'what was written here still is');
  own.endWith(key, { version: '9', isShown: true });
  t.is(own.shownSince(key), '9');
});

test('an answer that the stream has told of already is for the caller to show, unless nothing is shown and nothing is there', (t) => {
  const own = covered();
  t.false(own.end(key, '5', true), 'the stream has come so far');
  t.true(own.end(key, '9', true), 'it will come so far');
  t.true(own.isEndedBy(event(pod({ name: 'a', version: 9 }), '9')));
  const gone = new OwnLayer();
  gone.cover(key, undefined);
  t.true(gone.end(key, '', false));
  t.false(gone.has(key));
  t.true(gone.end(key, '', false), 'nothing was shown');
});

test('what was given up is the cloud’s at once where it has nothing, and else only for clients that list anew', (t) => {
  const own = covered();
  own.giveUp(key);
  t.true(own.mustRestart);
  t.is(own.shownSince(key), '5');
  t.true(own.has(key), 'the disk goes on to be told of it');
  own.reset();
  t.false(own.mustRestart);
  t.is(own.size, 0);
  own.cover(key, undefined);
  own.giveUp(key);
  t.false(own.mustRestart);
  t.false(own.has(key));
});
