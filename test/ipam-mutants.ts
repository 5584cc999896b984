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
];
