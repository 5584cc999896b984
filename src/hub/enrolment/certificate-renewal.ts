// Keeps the node's certificate in the cloud alive: renews it in time with a new key, and gets a new one by the enrolment
// credential when it has expired during an outage. Promise: the certificate in use is replaced by a whole one or stays, and
// kubelet hears nothing of it; what fails is said and tried again, at most once an hour while there is time.
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import type { Logger } from '../logger.ts';
import { type CertificateLife, planRenewal, type RenewalStep, renewalShare, renewalWarnings } from './renewal-plan.ts';

export interface CertificateRenewalOptions {
  readonly clock: Clock;
  /** Milliseconds since the epoch by the cluster's clock, as far as it is known. */
  readonly wallClock: () => number;
  /** 0 <= n < 1 */
  readonly random: () => number;
  readonly log: Logger;
  /** Of the certificate in use; undefined when there is none. */
  readonly life: () => CertificateLife | undefined;
  readonly link: () => 'up' | 'refused' | 'down';
  readonly hasEnrolment: () => boolean;
  /** Resolves when the new certificate is on disk. */
  readonly issue: (step: 'renew' | 'enrol', signal: AbortSignal) => Promise<CertificateLife>;
  readonly onAttempt?: (result: 'renewed' | 'failed') => void;
}

const lookEveryMs = 30_000;
const firstRetryMs = 20_000;
const longestRetryMs = 3_600_000;
/** After a success: until then the new one was taken over from its file, and a probe has shown it to the servers. */
const acceptedWithinMs = 120_000;
/** Without a certificate nothing goes through: then it is tried more often. */
const longestEnrolRetryMs = 120_000;

export class CertificateRenewal {
  readonly #options: CertificateRenewalOptions;
  readonly #ending = new AbortController();
  #timer: Timer | undefined;
  #share: number;
  #sharedFor: number | undefined;
  #running: Promise<void> | undefined;
  #notBefore = Number.NEGATIVE_INFINITY;
  #acceptedBy = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #failure: string | undefined;
  #step: RenewalStep = 'wait';

  constructor(options: CertificateRenewalOptions) {
    this.#options = options;
    this.#share = renewalShare(options.random());
  }

  start(): void {
    this.look();
  }

  close(): void {
    this.#ending.abort(new Error('the hub is closing'));
    this.#timer?.cancel();
  }

  get warnings(): readonly string[] {
    const { life, wallClock, hasEnrolment } = this.#options;
    const present = life();
    if (present === undefined) return [];
    return renewalWarnings({
      life: present,
      nowMs: wallClock(),
      step: this.#step,
      failure: this.#failure,
      hasEnrolment: hasEnrolment(),
    });
  }

  /** Something has changed that an earlier failure may have come from: it is tried now. */
  hurry(): void {
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.look();
  }

  /** Looks whether something is to be done, and does it. */
  look(): void {
    if (this.#ending.signal.aborted) return;
    this.#timer?.cancel();
    const step = this.#plan();
    if (step !== this.#step && step === 'stuck') {
      this.#options.log.error(
        { event: 'certificate.stuck' },
        'the certificate is refused, and nothing is there to renew it',
      );
    }
    this.#step = step;
    const isDue = (step === 'renew' || step === 'enrol') && this.#options.clock.now() >= this.#earliest;
    if (isDue && this.#running === undefined) {
      this.#running = this.#attempt(step).finally(() => {
        this.#running = undefined;
        this.#lookLater();
      });
      return;
    }
    this.#lookLater();
  }

  /** Resolves when what is under way has ended; at once when nothing is. */
  async settled(): Promise<void> {
    await this.#running;
  }

  get #earliest(): number {
    return Math.max(this.#notBefore, this.#acceptedBy);
  }

  #lookLater(): void {
    if (this.#ending.signal.aborted) return;
    const { clock } = this.#options;
    const untilAllowedMs = this.#earliest - clock.now();
    const waitMs = untilAllowedMs > 0 ? Math.min(lookEveryMs, untilAllowedMs) : lookEveryMs;
    this.#timer?.cancel();
    this.#timer = clock.setTimeout(() => this.look(), waitMs);
  }

  #plan(): RenewalStep {
    const { life, link, hasEnrolment, wallClock, random } = this.#options;
    const present = life();
    if (present === undefined) return 'wait';
    if (this.#sharedFor !== present.notAfterMs) {
      this.#sharedFor = present.notAfterMs;
      this.#share = renewalShare(random());
    }
    return planRenewal({
      life: present,
      share: this.#share,
      nowMs: wallClock(),
      link: link(),
      hasEnrolment: hasEnrolment(),
    });
  }

  async #attempt(step: 'renew' | 'enrol'): Promise<void> {
    const { issue, log, clock, random, onAttempt } = this.#options;
    log.info({ event: 'certificate.renewing', by: step }, "the node's certificate is being renewed");
    try {
      const { notAfterMs } = await issue(step, this.#ending.signal);
      this.#failures = 0;
      this.#failure = undefined;
      this.#notBefore = Number.NEGATIVE_INFINITY;
      this.#acceptedBy = clock.now() + acceptedWithinMs;
      log.info(
        { event: 'certificate.renewed', by: step, until: new Date(notAfterMs).toISOString() },
        "the node's certificate was renewed",
      );
      onAttempt?.('renewed');
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      this.#failure = error instanceof Error ? error.message : String(error);
      const longest = step === 'enrol' ? longestEnrolRetryMs : longestRetryMs;
      const waitMs = Math.min(longest, firstRetryMs * 2 ** this.#failures) * (0.75 + 0.5 * random());
      this.#failures += 1;
      this.#notBefore = clock.now() + waitMs;
      log.warn({ event: 'certificate.unrenewed', by: step, error }, "the node's certificate could not be renewed");
      onAttempt?.('failed');
    }
  }
}
