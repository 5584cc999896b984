// The state of things now, read off the parts of the daemon for `currentWarnings`.
import type { Cache } from '../cache/cache.ts';
import type { IdentityStatus } from './admin/hub-status.ts';
import type { Circumstances } from './current-warnings.ts';
import type { FilesAtStart } from './files-at-start.ts';
import type { NameSharing } from './name-sharing.ts';
import type { NodeClients } from './node-clients.ts';
import { refusalOfOwnNode } from './own-node.ts';

export interface CircumstanceParts extends Pick<Circumstances, 'link'> {
  readonly cache: Cache;
  readonly nodeName: string;
  readonly identity: { status(): IdentityStatus };
  readonly nodeClients: Pick<NodeClients, 'problem'>;
  readonly files: Pick<FilesAtStart, 'warning'>;
  readonly sharing: Pick<NameSharing, 'warning'>;
}

export function gatherCircumstances({
  cache,
  nodeName,
  link,
  identity,
  nodeClients,
  files,
  sharing,
}: CircumstanceParts): Circumstances {
  return {
    link,
    refusedWith: refusalOfOwnNode(cache, nodeName),
    unknownToFilters: nodeClients.problem,
    completeScopes: [...cache.scopes.all].filter(({ isComplete }) => isComplete).length,
    user: identity.status().user,
    clockDoubt: cache.time.doubt,
    outboxFill: cache.writes.outbox.size.fill,
    unwrittenFiles: files.warning,
    sharedName: sharing.warning,
  };
}
