// Ways to break the two laws, each with the test that has to notice.
export interface Mutant {
  /** What is wrong then. */
  readonly name: string;
  readonly edits: readonly { readonly file: string; readonly from: string; readonly to: string }[];
  readonly test: { readonly file: string; readonly title: string };
}

const outbox = 'src/cache/outbox';
const tests = 'test/cache/outbox';

export const mutants: readonly Mutant[] = [
  {
    name: 'an acknowledged write is not synced',
    edits: [
      {
        file: `${outbox}/outbox-disk.ts`,
        from: 'await this.#write({ sequences, encoded, sync: true });',
        to: 'await this.#write({ sequences, encoded, sync: false });',
      },
    ],
    test: {
      file: `${tests}/outbox.test.ts`,
      title: 'a write is acknowledged when the disk has it, synced, and not before',
    },
  },
  {
    name: 'a write is answered before the disk has it',
    edits: [
      {
        file: `${outbox}/offline-writes.ts`,
        from: 'isInMemory ? undefined : await outbox.add(write);',
        to: 'undefined; if (!isInMemory) void outbox.add(write).catch(() => {});',
      },
    ],
    test: {
      file: `${tests}/owed-writes.test.ts`,
      title:
        'a write that the disk refuses is neither answered well nor shown; one after it is, once the disk takes writes',
    },
  },
  {
    name: 'the cloud is read anew before it has heard what is owed',
    edits: [{ file: `${outbox}/replayer.ts`, from: 'return this.#isCaughtUp && !this.#wasLost;', to: 'return true;' }],
    test: {
      file: `${tests}/replayer.test.ts`,
      title: 'whoever reads anew waits until all that is owed but Events was tried, and no longer',
    },
  },
  {
    name: 'a deletion is sent whatever object has the name now',
    edits: [{ file: `${outbox}/next-step.ts`, from: 'if (uidOf(cloud) !== uid) return superseded;', to: '' }],
    test: {
      file: `${tests}/next-step.test.ts`,
      title: 'what is owed of one object is never put onto another of the same name',
    },
  },
  {
    name: 'a write is sent before it is marked as sent',
    edits: [
      {
        file: `${outbox}/chain-sender.ts`,
        from: 'await outbox.markSent(queued);',
        to: 'void outbox.markSent(queued);',
      },
    ],
    test: { file: `${tests}/replayer.test.ts`, title: 'a request leaves only after the disk has its entry as sent' },
  },
  {
    name: 'what may have arrived before a crash is sent again without a look',
    edits: [{ file: `${outbox}/next-step.ts`, from: "if (entry.state === 'sent') return { kind: 'look' };", to: '' }],
    test: {
      file: `${tests}/replayer.test.ts`,
      title: 'a life that begins after a crash looks first at what had been marked as sent',
    },
  },
  {
    name: 'an acknowledged write gives way when the outbox is full',
    edits: [
      {
        file: `${outbox}/events-in-turn.ts`,
        from: "if (!isEvent(entry) || entry.state === 'sent') return undefined;",
        to: "if (entry.state === 'sent') return undefined;",
      },
    ],
    test: {
      file: `${tests}/outbox.test.ts`,
      title: 'when it is full, Events give way and nothing else does; what does not fit is refused before it is kept',
    },
  },
  {
    name: 'a version is given out that the cloud has passed already',
    edits: [{ file: 'src/cache/versions.ts', from: 'const newest = this.newest;', to: 'const newest = this.#newest;' }],
    test: {
      file: 'test/cache/versions.test.ts',
      title: 'a version kept in memory only is above every one given or seen, also in a life that begins at any point',
    },
  },
  {
    name: 'a write is sent to whatever cluster answers',
    edits: [
      { file: `${outbox}/chain-sender.ts`, from: 'await cluster.verify(signal);', to: '' },
      { file: `${outbox}/replayer.ts`, from: 'await cluster.verify(signal);', to: 'await undefined;' },
    ],
    test: {
      file: `${tests}/replayer.test.ts`,
      title: 'nothing is sent before it was seen, since the link was lost, that this is still the same cluster',
    },
  },
  {
    name: 'what the cloud has changed meanwhile is overwritten',
    edits: [
      {
        file: `${outbox}/next-step.ts`,
        from: 'threeWayMerge(schemaOfEntry(entry), base, edge, cloud, winner);',
        to: 'threeWayMerge(schemaOfEntry(entry), cloud, edge, cloud, winner);',
      },
    ],
    test: { file: `${tests}/next-step.test.ts`, title: 'what only one side changed is kept, whatever the policy' },
  },
  {
    name: 'what was owed to another cluster stays owed',
    edits: [
      {
        file: `${outbox}/owed-writes.ts`,
        from: 'const { parked, onDisk } = this.outbox.parkAll(',
        to: 'const parked: OutboxEntry[] = []; const onDisk = Promise.resolve(); void ((..._: unknown[]) => {})(',
      },
    ],
    test: {
      file: `${tests}/owed-writes.test.ts`,
      title: 'what was meant for another cluster is parked, not shown, and sent to no one; the Lease is forgotten',
    },
  },
  {
    name: 'a round of sending fails while what the cloud has answered is still being written down',
    edits: [{ file: `${outbox}/side-by-side.ts`, from: 'await Promise.all(begun);', to: '' }],
    test: {
      file: `${tests}/chain-sender.test.ts`,
      title: 'a round that breaks off has not failed before what the cloud has answered is concluded',
    },
  },
  {
    name: 'a write goes out with another identity’s token',
    edits: [
      {
        file: `${outbox}/seen-tokens.ts`,
        from: 'return this.#newest.get(accountOf(identity));',
        to: 'const [, last] = [...this.#newest.entries()].at(-1) ?? []; return this.#newest.get(accountOf(identity)) ?? (last && { ...last, identity });',
      },
    ],
    test: {
      file: `${tests}/replayer-credentials.test.ts`,
      title: 'a writer whose token has ended is brought with a newer one of the same identity, never with another’s',
    },
  },
  {
    name: 'what an account wrote goes out as the one that was made anew under its name',
    edits: [
      {
        file: `${outbox}/chain-sender.ts`,
        from: 'if (newer !== undefined && newer.identity !== identity) return { ...outcome, isForGood: true };',
        to: '',
      },
    ],
    test: {
      file: `${tests}/replayer-credentials.test.ts`,
      title:
        'what an account wrote that was deleted and made anew since is parked at once, and never sent as the new one',
    },
  },
  {
    name: 'what another node has taken in is sent',
    edits: [
      {
        file: `${outbox}/foreign-entries.ts`,
        from: 'return node !== undefined && node !== nodeName && parked?.isForeign !== true;',
        to: 'return false;',
      },
    ],
    test: {
      file: `${tests}/another-node.test.ts`,
      title:
        'what one node has taken in is never sent by another that has its data directory: it is parked, and says so',
    },
  },
  {
    name: 'a refused write is found on disk by the next life',
    edits: [{ file: `${outbox}/outbox.ts`, from: 'await this.#disk.retract(sequence);', to: '' }],
    test: {
      file: `${tests}/outbox-and-failing-disk.test.ts`,
      title: 'what the disk refuses is not owed, not now and not in the next life',
    },
  },
  {
    name: 'a reading that began before the cloud had a write takes it away again',
    edits: [
      {
        file: 'src/cache/scope-content.ts',
        from: 'return this.#ownEndsAtSync !== this.snapshot.own.ends;',
        to: 'return false;',
      },
    ],
    test: {
      file: 'test/cache/own-writes-followed.test.ts',
      title: 'a reading that began before the cloud had a write of this node does not take it away again',
    },
  },
  {
    name: 'the refusal of a client’s own token is taken for that of the node',
    edits: [
      {
        file: 'src/hub/upstream/head-failure.ts',
        from: "statusCode === 401 && asker.credential === 'node' &&",
        to: 'statusCode === 401 &&',
      },
    ],
    test: {
      file: 'test/hub/upstream/head-failure.test.ts',
      title: 'only a 401 of the apiserver to a credential of the node itself is the refusal of it',
    },
  },
  {
    name: 'an authority is dropped before any server did without it',
    edits: [
      {
        file: 'src/hub/enrolment/authority-plan.ts',
        from: 'const dropped = isPublishedEnough ? missing : [];',
        to: 'const dropped = missing;',
      },
    ],
    test: {
      file: 'test/hub/enrolment/authority-plan.test.ts',
      title: 'an authority goes only when the servers were seen to do without it, and never before another is there',
    },
  },
  {
    name: 'leaving replaces what somebody has put there since',
    edits: [
      {
        file: 'src/hub/enrolment/before-join.ts',
        from: "if (state === 'changed' && !replacesChanges) {",
        to: "if (state === 'changed' && replacesChanges) {",
      },
    ],
    test: {
      file: 'test/hub/enrolment/before-join.test.ts',
      title: 'what was changed since is not replaced unless told, and what was put back by hand is left',
    },
  },
  {
    name: 'any signature of the right length is believed',
    edits: [
      {
        file: 'src/hub/enrolment/cluster-info.ts',
        from: 'given.length === expected.length && timingSafeEqual(given, expected)',
        to: 'given.length === expected.length',
      },
    ],
    test: {
      file: 'test/hub/enrolment/trust.test.ts',
      title: 'what the token has signed is believed, and nothing that differs from it anywhere',
    },
  },
  {
    name: 'an object is told as it was before a change whose answer was cut short',
    edits: [{ file: 'src/hub/handlers/forward-write.ts', from: 'forget(); // the body was', to: '// the body was' }],
    test: {
      file: 'test/hub/promises/offline-reads.test.ts',
      title:
        'an object whose change the cloud has answered is not told as it was before, though the answer was cut short',
    },
  },
  {
    name: 'a patched Event is sent whatever the cloud has by now',
    edits: [
      {
        file: `${outbox}/next-step.ts`,
        from: "isEvent(entry) && (entry.op === 'create' || entry.verb !== 'patch');",
        to: 'isEvent(entry);',
      },
    ],
    test: {
      file: `${tests}/replay-entry.test.ts`,
      title: 'what a life that died has sent of an Event does not come to stand over what was written since',
    },
  },
  {
    name: 'what the cloud has deleted is not synced before that is told',
    edits: [{ file: 'src/cache/heard-writes.ts', from: 'else await this.#parts.makeDurable();', to: '' }],
    test: {
      file: 'test/cache/cache-after-restart.test.ts',
      title:
        'what the cloud was heard to have deleted is not found again after a power cut, whatever its answer looked like',
    },
  },
];
