import test from 'ava';
import fc from 'fast-check';
import { CertificateRenewal } from '../../../src/hub/enrolment/certificate-renewal.ts';
import { planRenewal, renewalShare, renewalTime, renewalWarnings } from '../../../src/hub/enrolment/renewal-plan.ts';
import type { Logger } from '../../../src/hub/logger.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const dayMs = 86_400_000;
const year = { notBeforeMs: 0, notAfterMs: 365 * dayMs };

test('a certificate is renewed between 70 and 90 % of its life, wherever the dice fall', (t) => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.nat(400), (random, day) => {
      const share = renewalShare(random);
      const used = renewalTime(year, share) / year.notAfterMs;
      t.true(used >= 0.7 && used < 0.9);
      const step = planRenewal({ life: year, share, nowMs: day * dayMs, link: 'up', hasEnrolment: true });
      t.is(step, day * dayMs < renewalTime(year, share) ? 'wait' : 'renew');
    }),
  );
});

test('nothing is tried while the cloud is away; what it refuses is replaced by the other credential, or by nobody', (t) => {
  fc.assert(
    fc.property(fc.nat(800), fc.boolean(), (day, hasEnrolment) => {
      const at = { life: year, share: 0.8, nowMs: day * dayMs, hasEnrolment };
      t.is(planRenewal({ ...at, link: 'down' }), 'wait');
      t.is(planRenewal({ ...at, link: 'refused' }), hasEnrolment ? 'enrol' : 'stuck');
    }),
  );
});

test('a certificate that runs out, has run out, or cannot be renewed is said; one in its prime is not', (t) => {
  const at = (day: number, more: object = {}) =>
    renewalWarnings({ life: year, nowMs: day * dayMs, step: 'wait', failure: undefined, hasEnrolment: true, ...more });
  t.deepEqual(at(300), []);
  t.regex(at(345)[0]!, /expires in 20 days and is not renewed yet/);
  t.regex(at(400)[0]!, /expired at 1971-01-01T00:00:00Z; the enrolment credential gets a new one/);
  t.regex(at(400, { hasEnrolment: false })[0]!, /no enrolment credential: join anew/);
  t.regex(at(300, { failure: 'no answer' })[0]!, /could not be renewed: no answer\. It is tried again/);
  t.regex(at(400, { step: 'stuck', hasEnrolment: false })[0]!, /holdfast join --replace-identity/);
});

interface Stage {
  readonly clock: ManualClock;
  readonly renewal: CertificateRenewal;
  readonly asked: { step: string; atMs: number }[];
  readonly attempts: string[];
  link: 'up' | 'refused' | 'down';
  life: { notBeforeMs: number; notAfterMs: number };
  fails: boolean;
  /** Minutes go by, and what they bring about is done. */
  pass(minutes: number): Promise<void>;
}

function stage(): Stage {
  const clock = new ManualClock(0);
  const quiet = () => {};
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet } as unknown as Logger;
  const asked: Stage['asked'] = [];
  const attempts: string[] = [];
  const it: Stage = {
    clock,
    asked,
    attempts,
    link: 'up',
    life: year,
    fails: false,
    renewal: new CertificateRenewal({
      clock,
      wallClock: () => clock.now(),
      random: () => 0.5,
      log,
      life: () => it.life,
      link: () => it.link,
      hasEnrolment: () => true,
      onAttempt: (result) => attempts.push(result),
      issue: async (step) => {
        asked.push({ step, atMs: clock.now() });
        if (it.fails) throw new Error('not now');
        it.life = { notBeforeMs: clock.now(), notAfterMs: clock.now() + year.notAfterMs };
        return it.life;
      },
    }),
    async pass(minutes) {
      for (let n = 0; n < minutes * 2; n += 1) {
        clock.advance(30_000);
        await it.renewal.settled();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  return it;
}

test('a certificate is renewed once when its time has come, and the next one when its own has', async (t) => {
  const s = stage();
  s.renewal.start();
  t.deepEqual(s.asked, []);
  s.clock.advance(Math.ceil(0.8 * year.notAfterMs));
  await s.pass(60);
  t.deepEqual(
    s.asked.map(({ step }) => step),
    ['renew'],
  );
  t.deepEqual(s.attempts, ['renewed']);
  s.clock.advance(Math.ceil(0.8 * year.notAfterMs));
  await s.pass(1);
  t.is(s.asked.length, 2);
  s.renewal.close();
  t.is(s.clock.pendingTimers, 0);
});

test('what fails is tried again ever more rarely, at least once an hour, and at once when the link changes', async (t) => {
  const s = stage();
  s.fails = true;
  s.clock.advance(0.85 * year.notAfterMs);
  s.renewal.start();
  await s.pass(60 * 6);
  const gaps = s.asked.slice(1).map(({ atMs }, n) => atMs - s.asked[n]!.atMs);
  t.true(gaps.length >= 8, String(gaps.length));
  t.true(Math.max(...gaps) <= 1.25 * 3_600_000 + 60_000);
  t.true(gaps.at(-1)! > gaps[0]!);
  t.regex(s.renewal.warnings[0]!, /could not be renewed: not now/);
  const before = s.asked.length;
  s.fails = false;
  s.renewal.hurry();
  await s.pass(1);
  t.is(s.asked.length, before + 1);
  t.deepEqual(s.renewal.warnings, []);
  s.renewal.close();
});

test('an outage that outlives the certificate ends with a new one, by the other credential', async (t) => {
  const s = stage();
  s.renewal.start();
  s.link = 'down';
  s.clock.advance(400 * dayMs);
  await s.pass(60);
  t.deepEqual(s.asked, []);
  s.link = 'refused';
  s.renewal.hurry();
  await s.pass(1);
  t.deepEqual(
    s.asked.map(({ step }) => step),
    ['enrol'],
  );
  s.renewal.close();
});
