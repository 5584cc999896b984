// Is the cloud that answers the one whose versions we hold? A cluster restored from a backup accepts a watch from a
// version of its future and then stays silent, and another cluster behind the same address speaks of other objects under
// the same names. One small read tells both apart: the Service default/kubernetes is made once in a cluster's life, and
// the version of the list that carries it is the cluster's own newest.
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { nodeCredential } from './credential.ts';
import { UpstreamStatusError, VersionRegressedError } from './errors.ts';
import { syncByList } from './full-sync.ts';
import type { ClusterCheck } from './reflector.ts';
import { scopeOf } from './scope.ts';
import type { Transport } from './transport.ts';

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
  /** All that is known belongs to another past. Called before `verify` rejects. */
  readonly onAnotherCluster: (error: Error) => void;
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
  #check: Promise<void> | undefined;

  constructor(deps: ClusterCheckDependencies) {
    this.#deps = deps;
  }

  doubt(): void {
    this.#check = undefined;
  }

  /** One look is shared by all who ask while it lasts and after it, until the next doubt. */
  verify(signal: AbortSignal): Promise<void> {
    if (this.#check === undefined) {
      const check = this.#look(signal);
      this.#check = check;
      check.catch(() => {
        if (this.#check === check) this.#check = undefined;
      });
    }
    return this.#check;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { transport, newestVersion, remembered, remember, onAnotherCluster, onBlind } = this.#deps;
    const newest = newestVersion();
    try {
      const list = await syncByList({ transport, scope: kubernetesService, credential: nodeCredential, signal });
      const uid = list.objects.get('default/kubernetes')?.uid;
      const known = remembered()?.uid;
      const error =
        uid !== undefined && known !== undefined && uid !== known
          ? new AnotherClusterError(known, uid)
          : newest !== '' && compareResourceVersion(list.resourceVersion, newest) < 0
            ? new VersionRegressedError(newest, list.resourceVersion)
            : undefined;
      if (uid !== undefined && uid !== known) remember({ uid });
      if (error === undefined) return;
      onAnotherCluster(error);
      throw error;
    } catch (error) {
      if (!(error instanceof UpstreamStatusError) || (error.statusCode !== 401 && error.statusCode !== 403))
        throw error;
      onBlind(error);
    }
  }
}
