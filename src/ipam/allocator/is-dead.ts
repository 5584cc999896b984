// Whether the attachment that a record names can still be using its address.
import type { Facts } from '../directory/facts.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';

/** Another boot, or a network namespace that is gone. What cannot be told is alive. */
export const isDead = ({ bootId, netns }: Pick<RetentionRecord, 'bootId' | 'netns'>, facts: Facts): boolean =>
  isOfAnotherBoot(bootId, facts) || facts.netnsLiveness(netns) === 'dead';

const isOfAnotherBoot = (bootId: string, facts: Facts): boolean =>
  bootId !== '' && facts.bootId !== '' && bootId !== facts.bootId;
