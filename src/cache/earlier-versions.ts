// After a restart: which versions that clients of an earlier life have are not gone on from, for what that life showed under
// them is not all known any more.
import type { FollowedScope } from './followed-scope.ts';
import type { ShownSpans } from './outbox/shown-spans.ts';
import type { Versions } from './versions.ts';

interface GivenOut {
  readonly versions: Pick<Versions, 'see'>;
  readonly spans: Pick<ShownSpans, 'of' | 'gaveOut' | 'versionAbove'>;
}

/** Once what is owed is shown again, and before anybody reads. */
export function refuseEarlierVersions(scopes: Iterable<FollowedScope>, { versions, spans }: GivenOut): void {
  for (const { scope, snapshot } of scopes) {
    if (snapshot.beginAnew((version) => spans.versionAbove(scope.gvr, version))) {
      spans.gaveOut(scope.gvr, snapshot.resourceVersion);
      versions.see(snapshot.resourceVersion);
    }
    snapshot.refuse(spans.of(scope.gvr));
  }
}
