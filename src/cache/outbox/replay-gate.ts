// The link as those see it who read the cloud anew: up only when the cloud has heard what is owed to it. Before that, what
// it says is older than what readers here were shown.
import type { LinkGate } from '../reflector.ts';
import type { NodeLease } from './node-lease.ts';
import type { Outbox } from './outbox.ts';

export function replayGate(link: LinkGate, outbox: () => Outbox, lease: NodeLease): LinkGate {
  const isUp = (): boolean => link.isOnline && !outbox().owes() && !lease.isOwed;
  return {
    get isOnline() {
      return isUp();
    },
    async whenOnline(signal) {
      do {
        await link.whenOnline(signal);
        await lease.whenRenewed(signal);
        await outbox().whenSettled(signal);
      } while (!isUp());
    },
  };
}
