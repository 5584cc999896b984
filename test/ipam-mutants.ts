// Ways to lose an address, or to give it to two, each with the test that has to notice.
import type { Mutant } from './mutant-list.ts';

const allocator = 'src/ipam/allocator';
const directory = 'src/ipam/directory';
const lives = 'test/ipam/allocator/lives.test.ts';
const promised = 'no address has two owners, a pod gets back what nobody took, a DEL frees its own, and nothing leaks';
const interrupted = 'whenever the process is killed or the power is lost, what was promised holds afterwards';

export const ipamMutants: readonly Mutant[] = [
  {
    name: 'a live predecessor’s address is taken over',
    edits: [
      {
        file: `${allocator}/pick-address.ts`,
        from: 'else if (isDead(record, facts)) return',
        to: 'else if (isDead(record, facts) || held !== undefined) return',
      },
    ],
    test: { file: lives, title: promised },
  },
  {
    name: 'a fresh address may be one that a pod is awaited for',
    edits: [
      {
        file: `${allocator}/pick-address.ts`,
        from: 'if (isHeld(state, text) || (record !== undefined && !isOver(record, facts.nowMs))) continue;',
        to: 'if (isHeld(state, text)) continue;',
      },
    ],
    test: { file: lives, title: promised },
  },
  {
    name: 'a DEL frees by container alone',
    edits: [
      {
        file: `${allocator}/reservation.ts`,
        from: '(reservation.ifname === undefined || reservation.ifname === ifname);',
        to: '(reservation.ifname === undefined || reservation.ifname !== "" || ifname === "");',
      },
    ],
    test: { file: 'test/ipam/allocator/plan-del.test.ts', title: 'a DEL frees one interface and leaves the other' },
  },
  {
    name: 'a boot is not swept',
    edits: [
      {
        file: `${allocator}/plan-sweep.ts`,
        from: "(facts.bootId !== '' && state.sweptIn !== facts.bootId)",
        to: 'false',
      },
    ],
    test: { file: lives, title: promised },
  },
  {
    name: 'files are named before their content is durable',
    edits: [
      {
        file: 'test/support/memory-disk.ts',
        from: "      this.#do({ do: 'sync-data', inode });\n",
        to: '',
      },
    ],
    test: { file: lives, title: interrupted },
  },
  {
    name: 'the names in a directory are not made durable',
    edits: [
      {
        file: `${directory}/perform.ts`,
        from: 'if (this.#unsynced !== undefined) this.#options.files.sync(this.#unsynced);',
        to: '',
      },
    ],
    test: { file: lives, title: interrupted },
  },
  {
    name: 'an address is held before it is on record whose it is',
    edits: [
      {
        file: `${allocator}/plan-add.ts`,
        from: '      ...picks.flatMap((pick, rangeSet) => recordSteps(state, facts, request, pick, rangeSet)),\n      ...picks.flatMap((pick) => reserveSteps(attachment, pick)),',
        to: '      ...picks.flatMap((pick) => reserveSteps(attachment, pick)),\n      ...picks.flatMap((pick, rangeSet) => recordSteps(state, facts, request, pick, rangeSet)),',
      },
    ],
    test: { file: lives, title: interrupted },
  },
  {
    name: 'a refused ADD leaves what it had reserved so far',
    edits: [
      {
        file: `${directory}/perform.ts`,
        from: 'if (this.#says(reservation)) files.remove(path);',
        to: '',
      },
    ],
    test: {
      file: 'test/ipam/directory/perform.test.ts',
      title: 'whatever the disk refuses in a fresh ADD, it is all done or the directory is as before',
    },
  },
  {
    name: 'a verdict is applied to whatever record is there by now',
    edits: [
      {
        file: `${allocator}/plan-verdict.ts`,
        from: 'record.containerId === containerId && record.generation === generation;',
        to: 'record.containerId !== "" || containerId !== "" || generation > 0;',
      },
    ],
    test: {
      file: 'test/ipam/allocator/plan-verdict.test.ts',
      title: 'a verdict takes effect on what it was decided on, and on nothing else',
    },
  },
  {
    name: 'a record is believed whatever its checksum',
    edits: [{ file: `${directory}/record-file.ts`, from: ' || checksum(text) !== crc', to: '' }],
    test: {
      file: 'test/ipam/directory/record-file.test.ts',
      title: 'a record is not believed when a byte of its file was changed, or its end is missing',
    },
  },
  {
    name: 'the lock is not taken',
    edits: [
      {
        file: `${directory}/network-lock.ts`,
        from: 'if (done.status === 0) return true;',
        to: 'if (done.status !== null || true) return true;',
      },
    ],
    test: {
      file: 'test/ipam/directory/disk.test.ts',
      title: 'a lock that another keeps is waited for, and not for ever',
    },
  },
  {
    name: 'an operator’s pin ends when its pod takes another address',
    edits: [
      {
        file: `${allocator}/plan-add.ts`,
        from: '      !given.has(record.address) &&\n      !isPinnedByOperator(record),',
        to: '      !given.has(record.address),',
      },
    ],
    test: {
      file: 'test/ipam/allocator/plan-verdict.test.ts',
      title: 'what an operator has pinned waits on while its pod has another that it asked for',
    },
  },
  {
    name: 'a DEL of one that has a successor ends an operator’s pin',
    edits: [
      { file: `${allocator}/plan-del.ts`, from: 'successor && !isPinnedByOperator(record) ?', to: 'successor ?' },
    ],
    test: {
      file: 'test/ipam/allocator/plan-verdict.test.ts',
      title: 'what an operator has pinned is nobody else’s, though its pod has taken another meanwhile',
    },
  },
  {
    name: 'whoever asks for it by name gets what an operator has pinned',
    edits: [{ file: `${allocator}/pick-address.ts`, from: 'own === undefined && isPinned(state, text)', to: 'false' }],
    test: {
      file: 'test/ipam/allocator/plan-verdict.test.ts',
      title: 'what an operator has pinned is refused to another who asks for it by name, and not to its pod',
    },
  },
  {
    name: 'addresses of one container stand in for each other',
    edits: [{ file: `${allocator}/record-change.ts`, from: '  other.containerId !== record.containerId &&\n', to: '' }],
    test: {
      file: 'test/ipam/allocator/plan-verdict.test.ts',
      title: 'all addresses of a pod that was imported are waited for',
    },
  },
  {
    name: 'a wait that the clock does not measure never ends',
    edits: [
      {
        file: `${allocator}/plan-sweep.ts`,
        from: '.filter((record) => mustWaitAnew(record, nowMs))',
        to: '.filter(() => false)',
      },
    ],
    test: {
      file: 'test/ipam/allocator/plan-add.test.ts',
      title: 'a clock that is set back, or was never set, does not keep addresses from being free again',
    },
  },
  {
    name: 'a pod that was said to be gone is not waited for after its sandbox’s end',
    edits: [
      {
        file: `${allocator}/plan-sweep.ts`,
        from: "owner.bootId === '' || owner.verdict?.says === 'released'",
        to: "owner.bootId === ''",
      },
    ],
    test: {
      file: 'test/ipam/allocator/plan-sweep.test.ts',
      title: 'a pod that was said to be gone while its sandbox lived is waited for from the end of that on',
    },
  },
  {
    name: 'an address is stolen right after a start',
    edits: [{ file: `${allocator}/steal-order.ts`, from: ' || facts.uptimeMs < settlingAfterBootMs', to: '' }],
    test: {
      file: 'test/ipam/allocator/plan-add.test.ts',
      title: 'within ten minutes of a boot nothing is given away that its pod may be about to come back for',
    },
  },
  {
    name: 'a DEL fails on a full disk',
    edits: [
      {
        file: `${directory}/verbs.ts`,
        from: '!isRefusedByDisk(error) || !hasFreed(access, config, plan)',
        to: '!isRefusedByDisk(error) || error !== undefined',
      },
    ],
    test: {
      file: 'test/ipam/directory/perform.test.ts',
      title: 'on a disk that is full nothing is given out, and a DEL frees all the same what stays kept for its pod',
    },
  },
  {
    name: 'a runtime that knows nobody is believed',
    edits: [
      {
        file: 'src/ipam/verdict/leaked-addresses.ts',
        from: "netns === 'unknown' && isItsRuntime",
        to: "netns === 'unknown'",
      },
    ],
    test: {
      file: 'test/ipam/verdict/verdict.test.ts',
      title: 'a runtime that knows none of those who hold addresses is not believed about namespaces that nobody sees',
    },
  },
  {
    name: 'a sandbox is said to have leaked before the runtime can list it',
    edits: [
      { file: 'src/ipam/verdict/leaked-addresses.ts', from: '      ageMs > youngestLeakMs,', to: '      ageMs >= 0,' },
    ],
    test: {
      file: 'test/hub/ipam/address-keeping.test.ts',
      title: 'a leaked address is free again once it was seen without its sandbox for two minutes',
    },
  },
  {
    name: 'an answer of the runtime that is cut short is believed',
    edits: [
      {
        file: 'src/hub/ipam/cri/unary-call.ts',
        from: "if (status !== '0')\n",
        to: "if (status !== '0' && status !== undefined)\n",
      },
    ],
    test: {
      file: 'test/hub/ipam/cri/pod-sandboxes.test.ts',
      title: 'an answer that is not whole, or not vouched for, is none',
    },
  },
  {
    name: 'an endpoint of a pod that kubelet has deleted stays',
    edits: [
      {
        file: 'src/hub/ipam/pod-moves.ts',
        from: '    if (shown === undefined) {\n      for (const address of state.addresses) known.former.add(address);\n      end(known);\n',
        to: '    if (shown === undefined) {\n',
      },
    ],
    test: {
      file: 'test/hub/ipam/pod-moves.test.ts',
      title: 'of a pod that is gone all addresses are former ones, until the cloud shows them no more',
    },
  },
  {
    name: 'a release of the pod before holds for the next of its name',
    edits: [
      {
        file: `${allocator}/plan-add.ts`,
        from: "if (before?.verdict?.says !== 'pinned') return undefined;",
        to: "if (before?.verdict?.says !== 'pinned') return before?.verdict;",
      },
    ],
    test: {
      file: 'test/ipam/allocator/plan-verdict.test.ts',
      title: 'a release of the pod before does not hold for the next of its name',
    },
  },
];
