// Is the cloud that answers the one whose versions we hold? A cluster restored from a backup accepts a watch from a
// version of its future and then stays silent, and another cluster behind the same address speaks of other objects under
// the same names. One small read tells both apart: the Service default/kubernetes is made once in a cluster's life, and
// the version of the list that carries it is the cluster's own newest.
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { isApiserverAnswer } from './apiserver-answer.ts';
import { nodeCredential } from './credential.ts';
import { UpstreamStatusError, VersionRegressedError } from './errors.ts';
import { syncByList } from './full-sync.ts';
import { scopeOf } from './scope.ts';
import type { FullSync } from './scope-feed.ts';
import { SharedWork } from './shared-work.ts';
import type { Transport } from './transport.ts';

/** Whether the cloud that answers is the one whose versions are known here. */
export interface ClusterCheck {
  /** Looks once after each doubt. Rejects when it cannot tell now or when the cluster is another one. */
  verify(signal: AbortSignal): Promise<void>;
  doubt(): void;
}

/** What is remembered of the cluster, over restarts. */
export interface ClusterIdentity {
  readonly uid: string;
}

export interface ClusterCheckDependencies {
  readonly transport: Transport;
  /** The newest version seen of any kind that is kept where core kinds are kept; '' when nothing is known. */
  readonly newestVersion: () => string;
  readonly remembered: () => ClusterIdentity | undefined;
  readonly remember: (cluster: ClusterIdentity) => void;
  /**
   * All that is known belongs to another past: it has to be forgotten at once, and to be on disk as forgotten when this
   * resolves. `verify` rejects afterwards. `newestVersion`: of the cluster that answers.
   */
  readonly onAnotherCluster: (error: Error, newestVersion: string) => void | Promise<void>;
  /** The node may not read the Service, so nothing can be told apart. */
  readonly onBlind: (error: UpstreamStatusError) => void;
}

const kubernetesService = scopeOf({
  gvr: { group: '', version: 'v1', resource: 'services' },
  namespace: 'default',
  labelSelector: '',
  fieldSelector: 'metadata.name=kubernetes',
});

export class AnotherClusterError extends Error {
  readonly code = 'HOLDFAST_ANOTHER_CLUSTER';

  constructor(known: string, seen: string) {
    super(`another cluster answers: its Service default/kubernetes has uid ${seen}, the one known here has ${known}`);
    this.name = 'AnotherClusterError';
  }
}

export class CloudIdentityCheck implements ClusterCheck {
  readonly #deps: ClusterCheckDependencies;
  #look: SharedWork | undefined;

  constructor(deps: ClusterCheckDependencies) {
    this.#deps = deps;
  }

  doubt(): void {
    this.#look = undefined;
  }

  /** One look is shared by all who ask while it lasts and after it, until the next doubt. One that failed is not kept. */
  async verify(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#look === undefined || this.#look.isAbandoned) this.#look = new SharedWork((ended) => this.#verify(ended));
    const look = this.#look;
    try {
      await look.join(signal);
    } catch (error) {
      if (this.#look === look && !signal.aborted) this.#look = undefined;
      throw error;
    }
  }

  async #verify(signal: AbortSignal): Promise<void> {
    const { transport, newestVersion, remember, onAnotherCluster, onBlind } = this.#deps;
    const newest = newestVersion();
    let seen: FullSync;
    try {
      seen = await syncByList({ transport, scope: kubernetesService, credential: nodeCredential, signal });
    } catch (error) {
      if (!(error instanceof UpstreamStatusError) || !isRefusal(error)) throw error;
      onBlind(error);
      return;
    }
    const uid = seen.objects.get('default/kubernetes')?.uid;
    const error = this.#difference(uid) ?? regression(newest, seen.resourceVersion);
    // In this order: a crash between the two must not leave old knowledge under the new name.
    if (error !== undefined) await onAnotherCluster(error, seen.resourceVersion);
    if (uid !== undefined && uid !== this.#deps.remembered()?.uid) remember({ uid });
    if (error !== undefined) throw error;
  }

  #difference(uid: string | undefined): Error | undefined {
    const known = this.#deps.remembered()?.uid;
    if (uid === undefined || known === undefined || uid === known) return undefined;
    return new AnotherClusterError(known, uid);
  }
}

/** The node may not read the Service, or this API serves none. */
function isRefusal({ statusCode, headers }: UpstreamStatusError): boolean {
  return isApiserverAnswer(headers) && (statusCode === 401 || statusCode === 403 || statusCode === 404);
}

function regression(newest: string, seen: string): Error | undefined {
  return compareResourceVersion(seen, newest) < 0 ? new VersionRegressedError(newest, seen) : undefined;
}
