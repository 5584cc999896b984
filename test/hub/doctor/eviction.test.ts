import test from 'ava';
import fc from 'fast-check';
import { secondsUntilEviction, type Toleration } from '../../../src/hub/doctor/eviction.ts';

const unreachable = 'node.kubernetes.io/unreachable';
const notReady = 'node.kubernetes.io/not-ready';
const forever = Number.POSITIVE_INFINITY;

test('what the DefaultTolerationSeconds admission gives lasts five minutes', (t) => {
  const tolerations = [notReady, unreachable].map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  }));
  t.is(secondsUntilEviction(tolerations), 300);
});

test('a DaemonSet’s pod stays', (t) => {
  t.is(
    secondsUntilEviction([notReady, unreachable].map((key) => ({ key, operator: 'Exists', effect: 'NoExecute' }))),
    forever,
  );
});

test('one of the two taints alone is not enough, and none is nothing', (t) => {
  t.is(secondsUntilEviction([{ key: unreachable, operator: 'Exists' }]), 0);
  t.is(secondsUntilEviction([]), 0);
});

test('who tolerates all stays; another effect or a value tolerates nothing here', (t) => {
  t.is(secondsUntilEviction([{ operator: 'Exists' }]), forever);
  t.is(secondsUntilEviction([{ operator: 'Exists', effect: 'NoSchedule' }]), 0);
  t.is(secondsUntilEviction([{ key: unreachable, value: 'yes' }, { key: notReady }]), 0);
});

test('the first toleration that matches a taint counts, whatever follows it', (t) => {
  const toleration = fc.record({
    key: fc.constantFrom(unreachable, notReady, 'other', ''),
    operator: fc.constant('Exists'),
    effect: fc.constantFrom('', 'NoExecute', 'NoSchedule'),
    tolerationSeconds: fc.nat(600),
  });
  fc.assert(
    fc.property(fc.nat(600), fc.array(toleration), (tolerationSeconds, others: Toleration[]) => {
      const first = { operator: 'Exists', tolerationSeconds };
      return secondsUntilEviction([first, ...others]) === tolerationSeconds;
    }),
  );
  t.pass();
});
