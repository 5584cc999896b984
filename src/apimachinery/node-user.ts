// Whom the apiserver takes a node for. Pure. Source: kubernetes pkg/auth/nodeidentifier.

/** The group that each node's certificate names. */
export const nodesGroup = 'system:nodes';

const prefix = 'system:node:';

export function nodeUser(nodeName: string): string {
  return prefix + nodeName;
}

/** The name of the node that this user is; undefined for any other user. */
export function nodeNameOf(user: string | undefined): string | undefined {
  return user?.startsWith(prefix) && user.length > prefix.length ? user.slice(prefix.length) : undefined;
}
