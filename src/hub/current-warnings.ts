// What somebody should look at now, told by the state of things alone, so that it ends when it is mended. Pure.
import { nodeUser } from '../apimachinery/node-user.ts';
import { linkAdvice } from './link-advice.ts';
import type { LinkView } from './services.ts';

export interface Circumstances {
  readonly link: { readonly state: LinkView['state']; readonly failures: ReadonlySet<string> };
  /** Status code with which the cloud refuses the node's own Node and Pods at present; undefined while it does not. */
  readonly refusedWith: number | undefined;
  /** What a filter needs and the cloud does not let the node do; undefined when there is nothing. */
  readonly unknownToFilters: string | undefined;
  /** Scopes that can be answered. */
  readonly completeScopes: number;
  /** As which user the hub speaks. */
  readonly user: string;
  /** What is odd about the node's clock, in a sentence. */
  readonly clockDoubt: string | undefined;
  /** Of what may wait for the cloud, 0 to 1. */
  readonly outboxFill: number;
  /** That a full disk has not taken what the daemon writes at its start, in a sentence. */
  readonly unwrittenFiles: string | undefined;
  /** That another machine lives under the node's name, in a sentence. */
  readonly sharedName: string | undefined;
}

/** From here on somebody should look, before writes are refused. */
const fullFrom = 0.9;

export function currentWarnings({
  link,
  refusedWith,
  unknownToFilters,
  completeScopes,
  user,
  clockDoubt,
  outboxFill,
  unwrittenFiles,
  sharedName,
}: Circumstances): readonly string[] {
  const warnings = [clockDoubt, unwrittenFiles, sharedName].filter((sentence) => sentence !== undefined);
  if (link.state === 'online' && refusedWith === 401) {
    warnings.push(
      `The cloud does not accept the node's credential (401 for ${user}): it may have expired or belong to another cluster. Renew it; changed files are read again at once.`,
    );
  }
  if (link.state === 'online' && refusedWith === 403) {
    warnings.push(
      `The cloud does not let ${user} read its own Node and Pods (403): is --node-name the name in the certificate?`,
    );
  }
  if (link.state === 'online' && unknownToFilters !== undefined) {
    warnings.push(
      `The cloud does not let ${user} ${unknownToFilters} (403), so filters that need it change nothing: docs/filters.md names the right to give.`,
    );
  }
  const advice = link.state === 'offline' ? linkAdvice(link.failures) : undefined;
  if (advice !== undefined) warnings.push(advice);
  if (link.state === 'offline' && completeScopes === 0) {
    warnings.push('The cloud has not been reached, and nothing is known from before: every read is answered 503.');
  }
  if (outboxFill >= fullFrom) {
    warnings.push(
      `The outbox is ${Math.floor(outboxFill * 100)} % full: what does not fit is refused, and Events give way. holdfast outbox list shows what waits or is parked; --outbox-size sets how much may.`,
    );
  }
  return warnings;
}

/** A certificate of another node, or an administrator's, is easily given by mistake. */
export function identityWarning(user: string, nodeName: string): string | undefined {
  const expected = nodeUser(nodeName);
  if (user === expected) return undefined;
  return `The hub speaks as ${user}, which is not ${expected}: whoever comes with the node's client certificate gets the rights of ${user}.`;
}
