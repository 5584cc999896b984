// What `/status` says, in plain words. Pure. How long ago a thing was goes by the hub's own clock.
import type { HubStatus, ScopeStatus } from '../hub/admin/hub-status.ts';
import { ageText, bytesText } from './quantity-text.ts';
import { textTable } from './text-table.ts';

export function renderStatus(hub: HubStatus): string {
  const since = (time: string) => `for ${ageText((Date.parse(hub.now) - Date.parse(time)) / 1000)}, since ${time}`;
  const { link, storage, identity } = hub;
  const incomplete = hub.scopes.filter(({ complete }) => !complete).length;
  return [
    fact('holdfast', `${hub.version} on node ${identity.nodeName}, running ${since(hub.startedAt)}`),
    fact('speaks as', identity.user === '' ? 'nobody: no credential of its own, only those of clients' : identity.user),
    ...(identity.certificateExpires ? [fact('', `client certificate until ${identity.certificateExpires}`)] : []),
    fact('link', `${linkWords[link.state]} ${since(link.since)}`),
    fact('', `because ${link.reason}`),
    ...link.servers.map(({ url, isUp, reason }) =>
      fact('', `${url} ${isUp ? 'answers' : 'does not answer'}${reason ? `: ${reason}` : ''}`),
    ),
    fact('scopes', `${hub.scopes.length} known, ${hub.scopes.length - incomplete} complete, ${incomplete} incomplete`),
    ...(hub.scopes.length > 0 ? renderScopes(hub.scopes).map((line) => `  ${line}`) : []),
    fact(
      'watchers',
      `${hub.watchers} here, fed by ${hub.upstreamWatches} upstream ${hub.upstreamWatches === 1 ? 'watch' : 'watches'}`,
    ),
    ...outboxFacts(hub.outbox),
    fact('disk', `${bytesText(storage.bytes)} in ${storage.directory}, ${diskWords(hub, since)}`),
    fact('memory', `${bytesText(hub.memory.rssBytes)}, of which ${bytesText(hub.memory.heapBytes)} JavaScript heap`),
    ...hub.warnings.map((warning) => fact('warning', warning)),
  ].join('\n');
}

/** A table of scopes, or one line that says there are none. */
export function renderScopes(scopes: readonly ScopeStatus[]): string[] {
  if (scopes.length === 0) return ['No scope is known yet: nobody has listed or watched anything through this hub.'];
  const header = [
    'RESOURCE',
    'NAMESPACE',
    'SELECTORS',
    'COMPLETE',
    'FOLLOWED',
    'AGE',
    'OBJECTS',
    'WATCHERS',
    'IDENTITIES',
  ];
  return textTable([header, ...[...scopes].sort(byName).map(scopeRow)]);
}

const linkWords = {
  starting: 'not known yet',
  online: 'online',
  suspect: 'in doubt',
  offline: 'offline',
} as const satisfies Record<HubStatus['link']['state'], string>;

function fact(name: string, text: string): string {
  return `${name.padEnd(11)}${text}`;
}

function diskWords({ storage }: HubStatus, since: (time: string) => string): string {
  const damaged =
    storage.damaged === 0
      ? ''
      : `; ${storage.damaged} damaged records set aside (stop the daemon, and holdfast cache verify names them)`;
  if (storage.state === 'ok') return `writable${damaged}`;
  return `READ-ONLY${storage.since ? ` ${since(storage.since)}` : ''}: ${storage.reason ?? 'no reason given'}${damaged}`;
}

function outboxFacts(outbox: HubStatus['outbox']): string[] {
  const { waiting, parked, oldestSeconds, putOff, replaying, droppedEvents, damaged } = outbox;
  const oldest = oldestSeconds === null ? '' : `, the oldest for ${ageText(oldestSeconds)}`;
  const writes = waiting === 1 ? 'write waits' : 'writes wait';
  const said = waiting === 0 ? 'no write waits for the cloud' : `${waiting} ${writes} for the cloud${oldest}`;
  return [
    fact('outbox', `${said}${replaying ? '; they are being sent' : ''}`),
    ...(putOff === null ? [] : [fact('', `${putOff.entries} put off: ${putOff.reason} (holdfast outbox list)`)]),
    ...(parked === 0 ? [] : [fact('', `${parked} parked, for you to decide: holdfast outbox list`)]),
    ...(droppedEvents === 0 ? [] : [fact('', `${droppedEvents} Events gave way since the start: it was full`)]),
    ...(damaged === 0 ? [] : [fact('', `${damaged} damaged on disk, and not sent: the log of that start names them`)]),
  ];
}

function scopeRow(scope: ScopeStatus): string[] {
  return [
    scope.gvr,
    scope.namespace || '(all)',
    [scope.labelSelector, scope.fieldSelector].filter((text) => text !== '').join(' ') || '(none)',
    scope.complete ? 'yes' : 'NO',
    scope.following ? 'yes' : 'no',
    scope.ageSeconds === null ? '-' : ageText(scope.ageSeconds),
    String(scope.objects),
    String(scope.watchers),
    String(scope.identities),
  ];
}

function byName(one: ScopeStatus, other: ScopeStatus): number {
  const [a, b] = [one, other].map(({ gvr, namespace, labelSelector, fieldSelector }) =>
    [gvr, namespace, labelSelector, fieldSelector].join('\0'),
  ) as [string, string];
  return a < b ? -1 : a > b ? 1 : 0;
}
