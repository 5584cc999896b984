// Health in kube-apiserver's manner: named checks, `ok` or the list of them with `?verbose`. Pure but for the checks.
// livez asks whether a restart would help, readyz whether clients should be sent here. Being offline is neither: a hub
// that is cut off and answers from its store is alive and ready.

export interface HealthCheck {
  readonly name: string;
  /** What is wrong, in words; undefined when nothing is. */
  check(): string | undefined | Promise<string | undefined>;
  /** What else there is to say while nothing is wrong. */
  remark?(): string | undefined;
}

export interface HealthReport {
  readonly isHealthy: boolean;
  /** As printed; ends with a newline when it has several lines. */
  readonly text: string;
}

/** Runs the checks whose names are not excluded. A check that throws has failed. */
export async function reportHealth(
  endpoint: 'healthz' | 'livez' | 'readyz',
  checks: readonly HealthCheck[],
  options: { isVerbose: boolean; excluded: ReadonlySet<string> },
): Promise<HealthReport> {
  const results = await Promise.all(
    checks.map(async (one) => {
      if (options.excluded.has(one.name)) return { line: `[+]${one.name} excluded: ok`, isOk: true };
      const problem = await problemOf(one);
      const remark = one.remark?.();
      if (problem === undefined) return { line: `[+]${one.name} ok${remark ? ` (${remark})` : ''}`, isOk: true };
      return { line: `[-]${one.name} failed: ${problem}`, isOk: false };
    }),
  );
  const isHealthy = results.every(({ isOk }) => isOk);
  if (isHealthy && !options.isVerbose) return { isHealthy, text: 'ok' };
  const lines = [...results.map(({ line }) => line), `${endpoint} check ${isHealthy ? 'passed' : 'failed'}`];
  return { isHealthy, text: `${lines.join('\n')}\n` };
}

async function problemOf(one: HealthCheck): Promise<string | undefined> {
  try {
    return await one.check();
  } catch (error) {
    return `the check itself failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}
