// `holdfast leave`: puts back what was on the machine before `holdfast join`, byte for byte.
import { stat } from 'node:fs/promises';
import type { HubStatus } from '../hub/admin/hub-status.ts';
import { DataDirectoryError } from '../hub/data-directory.ts';
import { cloudPlaces } from '../hub/enrolment/cloud-directory.ts';
import { JoinError } from '../hub/enrolment/join-error.ts';
import { type KeptCertificate, type Left, leave, mustHaveJoined } from '../hub/enrolment/leave.ts';
import type { HostPort } from '../hub/option-types.ts';
import { verifyStorage } from '../hub/verify-storage.ts';
import { askDaemon, DaemonAnswerError } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { leaveOptions } from './join-options.ts';
import { readOptions } from './read-options.ts';
import { restartKubelet } from './restart-kubelet.ts';

export async function leaveCluster({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const config = await readOptions(leaveOptions, flags, terminal);
  const { dataDir, replaceChanges: replacesChanges } = config;
  await mustHaveJoined(dataDir);
  if (!config.abandonWrites) await refuseWhileWritesWait(config.admin, dataDir, terminal);
  const left = await leave(dataDir, { replacesChanges, nowMs: terminal.now().getTime() });
  terminal.print(leftText(left, dataDir));
  if (config.restartKubelet) await restartKubelet(terminal);
  return 0;
}

/** The daemon is asked; where it is stopped, the store is looked at. @throws JoinError */
async function refuseWhileWritesWait(admin: HostPort, dataDir: string, terminal: Terminal): Promise<void> {
  let hub: HubStatus;
  try {
    hub = await askDaemon<HubStatus>(admin, '/status');
  } catch (error) {
    if (!(error instanceof DaemonAnswerError)) throw error;
    return refuseWhileWritesLie(dataDir, terminal, error.message);
  }
  if (!(await isSameDirectory(hub.storage.directory, dataDir))) return refuseWhileWritesLie(dataDir, terminal, '');
  const { waiting, parked } = hub.outbox;
  if (waiting + parked === 0) return;
  throw new JoinError(
    'HOLDFAST_LEAVE_WRITES_WAIT',
    `${waiting} writes wait for the cloud and ${parked} are parked (holdfast outbox list): let them be sent, or decide about them, before the node leaves; --abandon-writes leaves all the same`,
  );
}

/** @param silence why no daemon tells of this directory */
async function refuseWhileWritesLie(dataDir: string, terminal: Terminal, silence: string): Promise<void> {
  const lying = await lyingWrites(dataDir);
  if (lying === 0) return;
  if (typeof lying === 'number') {
    throw new JoinError(
      'HOLDFAST_LEAVE_WRITES_WAIT',
      `${lying} writes wait for the cloud or are parked in ${dataDir}, and its daemon does not run: start it (systemctl start holdfast), and let them be sent or decide about them (holdfast outbox list); --abandon-writes leaves all the same`,
    );
  }
  terminal.complain(
    `It is not known whether writes still wait for the cloud (${[silence, lying.reason].filter(Boolean).join('; ')}). They would stay in ${dataDir}: look there with holdfast outbox list and a running daemon before you remove it.`,
  );
}

/** How many writes stand in the store of a daemon that is stopped; or why that cannot be told. */
async function lyingWrites(dataDir: string): Promise<number | { readonly reason: string }> {
  try {
    const { keyspaces } = await verifyStorage(dataDir);
    return keyspaces.find(({ space }) => space === 'outbox')?.records ?? 0;
  } catch (error) {
    if (error instanceof DataDirectoryError) return 0; // nothing was ever kept there
    return { reason: (error as Error).message };
  }
}

/** However it is written: through a link, or mounted twice. */
async function isSameDirectory(one: string | undefined, other: string): Promise<boolean> {
  if (one === undefined || one === other) return one === other;
  try {
    const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
    return a.dev === b.dev && a.ino === b.ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function leftText({ restored, restoredEarlier, expiredAtMs, kept }: Left, dataDir: string): string {
  const { directory } = cloudPlaces(dataDir);
  const lines =
    restored === undefined
      ? [
          restoredEarlier === undefined
            ? "kubelet's kubeconfig had not been touched."
            : `This node has left before, and ${restoredEarlier} was put back then.`,
        ]
      : [
          restored.was.kind === 'absent'
            ? `${restored.path} was removed: there was none before the join.`
            : `${restored.path} is what it was before the join.`,
        ];
  if (expiredAtMs === undefined || kept === undefined)
    lines.push(`The node's certificate and its enrolment credential were removed (${directory}).`);
  else {
    const expired = `But the certificate that it names expired at ${new Date(expiredAtMs).toISOString()}.`;
    lines.push(`${expired} ${keptText(kept, dataDir)}`);
  }
  return [
    ...lines,
    'Next:',
    '  1. Set rotateCertificates back to what it was in /var/lib/kubelet/config.yaml, and restart kubelet: systemctl restart kubelet.',
    '  2. Stop the hub: systemctl disable --now holdfast.',
    `  3. Remove ${dataDir} when nothing in it is needed any more.`,
  ].join('\n');
}

function keptText(kept: KeptCertificate, dataDir: string): string {
  const { directory, current } = cloudPlaces(dataDir);
  const anew = `Give kubelet one that does (kubeadm join with a new token); ${directory} was left, remove it then.`;
  switch (kept.state) {
    case 'usable':
      return `The hub's still works and was left in ${current}: put it in kubelet's place (/var/lib/kubelet/pki/kubelet-client-current.pem), then remove ${directory}.`;
    case 'expired':
      return `The hub's expired too, at ${new Date(kept.atMs).toISOString()}: none of this node works. ${anew}`;
    case 'other-name':
      return `The hub's still works, but is that of ${kept.user}, and kubelet was ${kept.kubeletUser} before: it is not for it. ${anew}`;
    case 'unreadable':
      return `The hub's in ${current} cannot be read: none of this node is known to work. ${anew}`;
  }
}
