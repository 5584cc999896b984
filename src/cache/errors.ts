// What can go wrong while following the cloud. The hub turns these into a metav1.Status in one place.

/** The cloud answered, but not with 2xx. The answer is kept whole, so that a waiting client gets exactly it. */
export class UpstreamStatusError extends Error {
  readonly code = 'HOLDFAST_UPSTREAM_STATUS';
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;

  constructor(answer: Pick<UpstreamStatusError, 'statusCode' | 'headers' | 'body'>) {
    super(`the cloud answered ${answer.statusCode}: ${answer.body.subarray(0, 300).toString()}`);
    this.name = 'UpstreamStatusError';
    this.statusCode = answer.statusCode;
    this.headers = answer.headers;
    this.body = answer.body;
  }
}

/** The history that was asked for is gone (410, as an answer or as an ERROR event): only a full sync helps. */
export class HistoryExpiredError extends Error {
  readonly code = 'HOLDFAST_HISTORY_EXPIRED';

  constructor(message: string) {
    super(message);
    this.name = 'HistoryExpiredError';
  }
}

/** The cloud's versions went back: another cluster answers, or this one was restored from a backup. */
export class VersionRegressedError extends Error {
  readonly code = 'HOLDFAST_VERSION_REGRESSED';

  constructor(known: string, seen: string) {
    super(
      `the cloud speaks of resourceVersion ${seen}, but ${known} was seen before: another cluster, or one restored from a backup`,
    );
    this.name = 'VersionRegressedError';
  }
}

/** The cloud sent something that is not what the API promises: a frame without an object, a list without a version. */
export class UpstreamProtocolError extends Error {
  readonly code = 'HOLDFAST_UPSTREAM_PROTOCOL';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UpstreamProtocolError';
  }
}

/** Nobody who may read this scope has left a usable credential with the hub. */
export class NoCredentialError extends Error {
  readonly code = 'HOLDFAST_NO_CREDENTIAL';

  constructor(scopeId: string) {
    super(`no usable credential to follow ${scopeId}; the next client that reads it brings one`);
    this.name = 'NoCredentialError';
  }
}

/** The scope is not followed any more; whoever waited for it asks the cloud directly. */
export class ScopeClosedError extends Error {
  readonly code = 'HOLDFAST_SCOPE_CLOSED';

  constructor(reason: string) {
    super(`the scope is not followed any more: ${reason}`);
    this.name = 'ScopeClosedError';
  }
}

/** Writes accepted here run ahead of the cloud's versions: what it did meanwhile cannot be told, only read anew. */
export class OwnWritesAheadError extends Error {
  readonly code = 'HOLDFAST_OWN_WRITES_AHEAD';

  constructor(version: string) {
    super(`version ${version} was passed here by writes that were accepted while the cloud was away: it is read anew`);
    this.name = 'OwnWritesAheadError';
  }
}

/** The cloud's versions have not passed those that were given out here while it was away. It will pass them soon. */
export class CloudBehindError extends Error {
  readonly code = 'HOLDFAST_CLOUD_BEHIND';

  constructor(known: string, seen: string) {
    super(`the cloud is at version ${seen}, writes accepted here went up to ${known}`);
    this.name = 'CloudBehindError';
  }
}
