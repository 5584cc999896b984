// `holdfast ipam why IP|POD`: why an address is as it is, and what will become of it.
import type { AuditEntry } from '../../ipam/directory/audit-log.ts';
import type { Invocation, Terminal } from '../command.ts';
import { printable } from '../printable.ts';
import { readOptions } from '../read-options.ts';
import { allAddresses, findAddresses, readSubject, type Subject, subjectText } from './find-address.ts';
import { directoryOptions } from './ipam-options.ts';
import { addressJson } from './ls-text.ts';
import { lookedAt, openStores, type Store } from './open-stores.ts';
import { auditLine, evidenceOf, renderWhy } from './why-text.ts';

const shownEntries = 5;

/** Exit code 1 when nothing is known of it. */
export async function ipamWhy({ arguments: [word = ''], flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, ...places } = await readOptions(directoryOptions, flags, terminal);
  const subject = readSubject(word);
  const stores = await openStores(places, terminal);
  const found = findAddresses(stores, subject).map(({ store, seen }) => {
    const heldFile = store.heldFile(seen.network, seen.address);
    const wanted = ({ address }: AuditEntry): boolean => address === seen.address;
    return { seen, heldFile, past: store.retention.audit(seen.network, wanted).slice(-shownEntries) };
  });
  if (output === 'json') {
    const answer = found.map(({ seen, heldFile, past }) => ({
      ...addressJson(seen),
      evidence: evidenceOf(seen, heldFile),
      past,
    }));
    terminal.print(JSON.stringify(answer, null, 2));
  } else if (found.length > 0) {
    terminal.print(found.map(({ seen, heldFile, past }) => renderWhy(seen, heldFile, past)).join('\n\n'));
  } else terminal.print(nothingKnown(subject, stores));
  return found.length > 0 ? 0 : 1;
}

function nothingKnown(subject: Subject, stores: readonly Store[]): string {
  const past = stores
    .flatMap(({ networks, retention }) => networks.flatMap((one) => retention.audit(one, isAbout(subject))))
    .slice(-shownEntries);
  return [
    subject.kind === 'address'
      ? `${subject.address} is neither held nor kept: the next pod that needs one may get it, if it is in a range.`
      : `No address is held by or kept for ${subjectText(subject)}: it gets the next one that is free.`,
    ...namesakes(subject, stores),
    lookedAt(stores),
    ...(past.length > 0 ? ['', 'Before:', ...past.map((entry) => `  ${auditLine(entry)}`)] : []),
  ]
    .map(printable)
    .join('\n');
}

/** Pods of that name in other namespaces: without one, `default` was meant. */
function namesakes(subject: Subject, stores: readonly Store[]): readonly string[] {
  if (subject.kind === 'address') return [];
  const pods = allAddresses(stores).flatMap(({ seen: { pod } }) => (pod?.name === subject.name ? [pod.namespace] : []));
  const names = [...new Set(pods)].map((namespace) => `${namespace}/${subject.name}`);
  return names.length === 0 ? [] : [`There is ${names.join(', ')}.`];
}

/** Whether a line of the log is about it. */
export const isAbout =
  (subject: Subject) =>
  ({ address, key }: AuditEntry): boolean =>
    subject.kind === 'address' ? address === subject.address : key.startsWith(`${subjectText(subject)} `);
