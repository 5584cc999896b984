import test from 'ava';
import type { JsonObject } from '../../../../src/apimachinery/json.ts';
import {
  absent,
  compute,
  creation,
  events,
  isRefused,
  newEvents,
  objectOf,
  patch,
  present,
  unknown,
  update,
} from '../../../support/offline-write.ts';

const microTime = '2026-02-02T02:02:02.000000Z';
const old = (content: JsonObject = {}) => ({
  metadata: { name: 'one.1' },
  involvedObject: { kind: 'Pod', name: 'one', namespace: 'default' },
  ...content,
});
const modern = (content: JsonObject = {}) => ({
  metadata: { name: 'one.1' },
  regarding: { kind: 'Pod', name: 'one', namespace: 'default' },
  type: 'Normal',
  reason: 'Started',
  action: 'Start',
  reportingController: 'example.com/controller',
  reportingInstance: 'n',
  eventTime: microTime,
  ...content,
});

test('an Event stands in the namespace of what it is about, or in default', (t) => {
  t.is(compute(creation(events, old()), unknown).op, 'create');
  const elsewhere = { involvedObject: { namespace: 'other' } };
  isRefused(t, 422, creation(events, old(elsewhere)), absent, ['involvedObject.namespace']);
  const system = { ...events, namespace: 'kube-system' };
  isRefused(t, 422, creation(system, old({ involvedObject: { kind: 'Node' } })), absent, ['involvedObject.namespace']);
  t.is(compute(creation(events, old({ involvedObject: { kind: 'Node' } })), absent).op, 'create');
});

test('an Event of the new style says who saw what, and keeps to its lengths', (t) => {
  t.is(compute(creation(newEvents, modern()), absent).op, 'create');
  const refuses = (content: JsonObject, field: string) =>
    isRefused(t, 422, creation(newEvents, modern(content)), absent, [field]);
  refuses({ reportingController: 'no good' }, 'reportingController');
  refuses({ reportingInstance: 'i'.repeat(129) }, 'reportingInstance');
  refuses({ action: '' }, 'action');
  refuses({ note: 'x'.repeat(1025) }, 'note');
  refuses({ type: 'Odd' }, 'type');
  refuses({ eventTime: null }, 'eventTime');
  refuses({ deprecatedCount: 2 }, 'deprecatedCount');
  refuses({ deprecatedSource: { component: 'x' } }, 'deprecatedSource');
  refuses({ series: { count: 1, lastObservedTime: microTime } }, 'series.count');
  refuses({ series: { count: 2, lastObservedTime: null } }, 'series.lastObservedTime');
});

test('an Event of the old style takes what the new one refuses', (t) => {
  const lax = old({ type: 'Odd', message: 'x'.repeat(2000), count: 3, source: { component: 'kubelet' } });
  t.is(compute(creation(events, lax), absent).op, 'create');
});

test('kubelet counts on in its Event; one of the new style only in its series', (t) => {
  const counted = { ...objectOf(events, {}, old({ count: 1 })), metadata: objectOf(events, {}).metadata! };
  const more = compute(patch(events, { count: 2, message: 'again' }, { patchType: 'strategic' }), present(counted));
  t.like(more.after, { count: 2, message: 'again' });
  const before = present({ ...objectOf(newEvents, {}, modern()), metadata: objectOf(newEvents, {}).metadata! });
  const series = { series: { count: 2, lastObservedTime: microTime } };
  t.is(compute(patch(newEvents, series), before).op, 'update');
  isRefused(t, 422, patch(newEvents, { note: 'other' }), before, ['note']);
  isRefused(t, 422, patch(newEvents, { regarding: { name: 'two' } }), before, ['regarding']);
});

test('an Event that was dropped meanwhile is made again by a PUT', (t) => {
  const made = compute(update(events, { ...old(), metadata: { name: 'one' } }), absent);
  t.like(made, { op: 'create', statusCode: 201 });
});
