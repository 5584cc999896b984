// What the hub does to the directory of a network, as a program that can be killed: pod a's sandbox is gone, pod c does not exist any
// more, and an hour later nobody waits for what c had. Takes what a plugin is given.
import { readFileSync, writeSync } from 'node:fs';
import { diskAccess } from '../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../src/ipam/directory/machine-facts.ts';
import { openRetention, type Retention } from '../../src/ipam/directory/retention.ts';

const { IPAM_TEST_BOOT: bootId = '' } = process.env;
const { name: network, ipam } = JSON.parse(readFileSync(0, 'utf8'));
const say = (line: string): void => void writeSync(2, `${line}\n`);
const retentionAt = (nowMs: number): Retention =>
  openRetention(
    diskAccess(() => machineFacts({ bootId, libcniDirectory: '/nowhere', nowMs: () => nowMs }), say),
    { dataDir: ipam.dataDir, lockTimeoutMs: 5000 },
  );

const now = Date.now();
const retention = retentionAt(now);
const { reservations, records } = retention.snapshot(network);
for (const { address, containerId } of reservations.values())
  if (containerId === 'a1') retention.reclaim(network, { address, containerId });
for (const record of records.values())
  if (record.name === 'c') {
    const evidence = 'the cloud has no such pod any more';
    retention.applyVerdict(network, record, { says: 'released', keep: 'cooldown', resourceVersion: '7', evidence });
  }
retentionAt(now + 3_600_000).expire(network);
