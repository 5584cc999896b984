// Whether the node's certificate is to be renewed now, and by which credential. Pure.

export interface CertificateLife {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface RenewalCircumstances {
  readonly life: CertificateLife;
  /** Where between 70 and 90 % of its life this one is renewed; see `renewalShare`. */
  readonly share: number;
  /** By the cluster's clock, as far as it is known. */
  readonly nowMs: number;
  /** `refused`: the servers answer, but not to the node's credential. */
  readonly link: 'up' | 'refused' | 'down';
  readonly hasEnrolment: boolean;
}

/** `renew` with the certificate itself, `enrol` with the other credential. `stuck`: only somebody can help. */
export type RenewalStep = 'wait' | 'renew' | 'enrol' | 'stuck';

/** As client-go's certificate manager does; a fleet that joined in one hour is not renewed in one hour. */
export function renewalShare(random: number): number {
  return 0.7 + 0.2 * random;
}

export function renewalTime({ notBeforeMs, notAfterMs }: CertificateLife, share: number): number {
  return notBeforeMs + share * (notAfterMs - notBeforeMs);
}

export function planRenewal({ life, share, nowMs, link, hasEnrolment }: RenewalCircumstances): RenewalStep {
  if (link === 'down') return 'wait';
  // The clock may be wrong, so the cluster's word counts: what it refuses is of no use, what it takes is.
  if (link === 'refused') return hasEnrolment ? 'enrol' : 'stuck';
  if (nowMs < renewalTime(life, share)) return 'wait';
  // Taken although it has expired by our clock: it is tried with itself.
  return 'renew';
}

const dayMs = 86_400_000;

export interface RenewalTrouble {
  readonly life: CertificateLife;
  readonly nowMs: number;
  readonly step: RenewalStep;
  /** Of the last attempt; undefined when it succeeded or there was none. */
  readonly failure: string | undefined;
  readonly hasEnrolment: boolean;
}

/** What somebody should know, in whole sentences. */
export function renewalWarnings({ life, nowMs, step, failure, hasEnrolment }: RenewalTrouble): readonly string[] {
  const warnings: string[] = [];
  const { notBeforeMs, notAfterMs } = life;
  const end = `${new Date(notAfterMs).toISOString().slice(0, 19)}Z`;
  if (failure !== undefined) {
    warnings.push(
      `The node's certificate could not be renewed: ${failure}. It is tried again; it is valid until ${end}.`,
    );
  }
  if (step === 'stuck') {
    warnings.push(
      `The cloud does not accept the node's certificate (valid until ${end}), and there is no enrolment credential to get a new one: join anew with \`holdfast join --replace-identity\`.`,
    );
  } else if (nowMs >= notAfterMs) {
    const what = hasEnrolment
      ? 'the enrolment credential gets a new one once the cloud answers'
      : 'there is no enrolment credential: join anew with `holdfast join --replace-identity`';
    warnings.push(`The node's certificate expired at ${end}; ${what}.`);
  } else if (nowMs > notBeforeMs + 0.92 * (notAfterMs - notBeforeMs)) {
    const days = (notAfterMs - nowMs) / dayMs;
    const left = days >= 2 ? `in ${Math.floor(days)} days` : `at ${end}`;
    warnings.push(
      `The node's certificate expires ${left} and is not renewed yet: is the cloud away, or is the request not approved?`,
    );
  }
  return warnings;
}
