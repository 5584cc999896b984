// `holdfast leave`: puts back what was on the machine before `holdfast join`, byte for byte.
import { stat } from 'node:fs/promises';
import type { HubStatus } from '../hub/admin/hub-status.ts';
import { cloudPlaces } from '../hub/enrolment/cloud-directory.ts';
import { JoinError } from '../hub/enrolment/join-error.ts';
import { type KeptCertificate, type Left, leave } from '../hub/enrolment/leave.ts';
import type { HostPort } from '../hub/option-types.ts';
import { askDaemon, DaemonAnswerError } from './ask-daemon.ts';
import type { Invocation, Terminal } from './command.ts';
import { leaveOptions } from './join-options.ts';
import { readOptions } from './read-options.ts';
import { restartKubelet } from './restart-kubelet.ts';

export async function leaveCluster({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const config = await readOptions(leaveOptions, flags, terminal);
  const { dataDir, replaceChanges: replacesChanges } = config;
  if (!config.abandonWrites) await refuseWhileWritesWait(config.admin, dataDir, terminal);
  const left = await leave(dataDir, { replacesChanges, nowMs: terminal.now().getTime() });
  terminal.print(leftText(left, dataDir));
  if (config.restartKubelet) await restartKubelet(terminal);
  return 0;
}

async function refuseWhileWritesWait(admin: HostPort, dataDir: string, terminal: Terminal): Promise<void> {
  let hub: HubStatus;
  try {
    hub = await askDaemon<HubStatus>(admin, '/status');
  } catch (error) {
    if (!(error instanceof DaemonAnswerError)) throw error;
    terminal.complain(
      'The daemon does not answer, so it is not known whether writes still wait for the cloud; they would stay in the data directory.',
    );
    return;
  }
  const { waiting, parked } = hub.outbox;
  if (waiting + parked === 0 || !(await isSameDirectory(hub.storage.directory, dataDir))) return;
  throw new JoinError(
    'HOLDFAST_LEAVE_WRITES_WAIT',
    `${waiting} writes wait for the cloud and ${parked} are parked (holdfast outbox list): let them be sent, or decide about them, before the node leaves; --abandon-writes leaves all the same`,
  );
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
