// What `holdfast ipam why` says of an address: its state in a sentence, what shows it, and what will become of it. Pure.
import type { AuditEntry } from '../../ipam/directory/audit-log.ts';
import type { RetentionRecord } from '../../ipam/directory/retention-record.ts';
import type { SeenAddress, SeenState } from '../../ipam/inspect/seen-address.ts';
import { printable } from '../printable.ts';

/** @param heldFile host-local's file of the address. @param past the latest entries of its audit log, oldest first */
export function renderWhy(seen: SeenAddress, heldFile: string, past: readonly AuditEntry[]): string {
  const lines = [
    `${seen.address} in ${seen.network}: ${stateWords[seen.state]}${seen.pod ? ` ${ownerWords(seen)}` : ''}`,
    '',
    'Evidence:',
    ...evidenceOf(seen, heldFile).map((line) => `  ${line}`),
    '',
    `Next: ${nextOf(seen)}`,
  ];
  if (past.length > 0) lines.push('', 'Before:', ...past.map((entry) => `  ${auditLine(entry)}`));
  return lines.map(printable).join('\n');
}

const stateWords: Readonly<Record<SeenState, string>> = {
  held: 'held',
  leaked: 'leaked, last held',
  unclear: 'held by a container that nothing on this node knows',
  ownerless: 'lost to a file that names no owner',
  blocked: 'lost to something in its place that is no file',
  damaged: 'a record that cannot be believed',
  unconfirmed: 'kept',
  pinned: 'pinned',
  released: 'kept for a while',
  cooling: 'cooling down, last held',
};

function ownerWords({ pod, state }: SeenAddress): string {
  const by = state === 'held' || state === 'leaked' || state === 'cooling' ? 'by' : 'for';
  return `${by} ${pod!.namespace}/${pod!.name}`;
}

export function evidenceOf(seen: SeenAddress, heldFile: string): readonly string[] {
  return [...ofFile(seen, heldFile), ...ofAttachment(seen), ...ofRecord(seen)];
}

function ofFile({ state, reservation }: SeenAddress, heldFile: string): readonly string[] {
  if (reservation !== undefined) {
    const { containerId, ifname } = reservation;
    return [`${heldFile} names container ${containerId}${ifname === undefined ? '' : `, ${ifname}`}.`];
  }
  if (state === 'damaged') return [];
  if (state === 'ownerless') return [`${heldFile} is empty, as a crash of host-local leaves it: no DEL can match it.`];
  if (state === 'blocked') return [`${heldFile} is there, and is a directory or a link that leads nowhere.`];
  return [`There is no ${heldFile}: no attachment holds it.`];
}

function ofAttachment(seen: SeenAddress): readonly string[] {
  const { reservation, cached, record, isOfEarlierBoot, netns } = seen;
  if (reservation === undefined) return [];
  const lines: string[] = [];
  const path = seen.sinceMs !== undefined ? (record?.netns ?? '') : (cached?.netns ?? '');
  if (cached?.pod !== undefined) {
    lines.push(`libcni's cache knows that container as ${cached.pod.namespace}/${cached.pod.name}.`);
  } else if (cached !== undefined) lines.push("libcni's cache knows that container, of no pod.");
  else if (seen.state === 'unclear') {
    lines.push("Neither a record nor libcni's cache knows that container.");
  }
  if (isOfEarlierBoot) lines.push('It came to that container in an earlier boot of this machine.');
  if (path !== '') lines.push(`The network namespace ${path} ${netnsWords[netns]}.`);
  return lines;
}

const netnsWords = {
  alive: 'is there',
  dead: 'is gone',
  unknown: 'cannot be looked at',
} as const satisfies Record<SeenAddress['netns'], string>;

function ofRecord({ state, record, reservation }: SeenAddress): readonly string[] {
  if (state === 'damaged') return ['Its checksum does not fit what it says. The next ADD or DEL puts it aside.'];
  if (record === undefined) return [];
  if (reservation !== undefined && record.containerId !== reservation.containerId) {
    return [`The record beside it is of ${keyOf(record)}, whose container was ${record.containerId}.`];
  }
  return [`${recordWords(record)} ${verdictWords(record)}`];
}

function recordWords(record: RetentionRecord): string {
  const uid = record.uid === '' ? '' : `, uid ${record.uid}`;
  return `The record is of ${keyOf(record)} ${record.ifname}${uid}; last held ${isoOf(record.lastActive)}.`;
}

function verdictWords({ verdict }: RetentionRecord): string {
  if (verdict === undefined) return 'Nobody has said whether the pod still exists.';
  const { says, at, evidence } = verdict;
  return `${says === 'pinned' ? 'Pinned' : 'Released'} ${isoOf(at)}: ${evidence}.`;
}

const keyOf = ({ namespace, name }: RetentionRecord): string => `${namespace}/${name}`;

/** What will become of the address, and what an operator can do. One sentence or two. */
export function nextOf(seen: SeenAddress): string {
  const { address, state, pod, record, freeAtMs } = seen;
  const owner = pod === undefined ? 'its pod' : `${pod.namespace}/${pod.name}`;
  const until = freeAtMs === undefined ? 'its time is over' : isoOf(freeAtMs);
  switch (state) {
    case 'held':
      if (record === undefined) {
        return pod === undefined
          ? 'freed by the DEL of its container.'
          : `kept for ${owner} from the DEL of its container on. holdfast ipam import puts that on record now.`;
      }
      return `kept for ${owner} from the DEL of its container on.`;
    case 'leaked':
      return `freed and kept for ${owner} by the first ADD or DEL after a boot, or by the hub once the runtime lists no such sandbox. Now: holdfast ipam release ${address}.`;
    case 'unclear':
      return `freed by the DEL of its container, or by the hub once the runtime lists no such sandbox. If no container of that id is there (crictl pods): holdfast ipam release ${address} --force.`;
    case 'ownerless':
      return `the next ADD or DEL of this network removes the file. Now: holdfast ipam release ${address}.`;
    case 'blocked':
      return 'nobody gets it as long as that lies there. Find out whose it is, and move it away.';
    case 'damaged':
      return 'a pod whose claim this was gets another address, unless its file or libcni tells whose it is.';
    case 'unconfirmed':
      return `${owner} gets it back when it starts. The hub says whether that pod still exists; until then only a full range gives it to another.`;
    case 'pinned':
      if (record?.verdict?.by === 'operator') {
        return `${owner} gets it back when it starts, whatever the hub says, until holdfast ipam release ${address}.`;
      }
      return `${owner} gets it back when it starts. It is given to another only when the range is full of such.`;
    case 'released':
      return `a pod named ${owner} gets it back if it starts before ${until}; then it is anybody's. A full range gives it away sooner.`;
    case 'cooling':
      return `anybody's from ${until} on.`;
  }
}

/** One line of the audit log. */
export function auditLine({ time, verb, address, key, from, to, reason }: AuditEntry): string {
  const change = from === '' && to === '' ? '' : ` ${shortId(from) || '-'} → ${shortId(to) || '-'}`;
  return `${time} ${verb} ${address}${key === '' ? '' : ` ${key}`}${change}${reason === '' ? '' : ` (${reason})`}`;
}

/** Of a container; words stay whole. */
const shortId = (text: string): string => (/^[0-9a-f]{64}$/.test(text) ? text.slice(0, 12) : text);

const isoOf = (ms: number): string => new Date(ms).toISOString();
