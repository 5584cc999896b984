// Takes the secret parts out of an object before a person sees it. Pure.
// Keys stay, so that one can see what is there; values become their length. The annotation in which kubectl keeps a
// whole earlier copy of the object goes too, because that copy holds the same values.

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** @returns the JSON text to show; throws when `body` is not a JSON object */
export function redactObject(resource: string, body: Buffer): string {
  const object = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  const isSecret = resource === 'secrets' || object.kind === 'Secret';
  return JSON.stringify(isSecret ? redactSecret(object) : object, null, 2);
}

function redactSecret(secret: Record<string, unknown>): Record<string, unknown> {
  const redacted = { ...secret };
  if (isRecord(secret.data)) redacted.data = mapValues(secret.data, (value) => lengthOf(value, 'base64'));
  if (isRecord(secret.stringData))
    redacted.stringData = mapValues(secret.stringData, (value) => lengthOf(value, 'utf8'));
  if (isRecord(secret.metadata) && isRecord(secret.metadata.annotations)) {
    const annotations = mapValues(secret.metadata.annotations, (value, key) =>
      key === lastApplied ? '(redacted)' : value,
    );
    redacted.metadata = { ...secret.metadata, annotations };
  }
  return redacted;
}

function lengthOf(value: unknown, encoding: 'base64' | 'utf8'): string {
  return typeof value === 'string' ? `(redacted, ${Buffer.byteLength(value, encoding)} bytes)` : '(redacted)';
}

function mapValues(
  record: Record<string, unknown>,
  change: (value: unknown, key: string) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
