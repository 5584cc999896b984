// Whether the attachment that a record names can still be using its address.
import type { Facts } from '../directory/facts.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';

/** Another boot, or a network namespace that is gone. What cannot be told is alive. */
export const isDead = (record: Pick<RetentionRecord, 'bootId' | 'netns'>, facts: Facts): boolean =>
  isOfAnotherBoot(record, facts) || facts.netnsLiveness(record.netns) === 'dead';

/** Where both are known. */
export const isOfAnotherBoot = ({ bootId }: Pick<RetentionRecord, 'bootId'>, facts: Pick<Facts, 'bootId'>): boolean =>
  bootId !== '' && facts.bootId !== '' && bootId !== facts.bootId;
