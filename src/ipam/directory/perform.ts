// Does the steps of a plan, so that they last.
//
// Promise: all of it or nothing, as long as the process lives; a process that is killed, and a machine that loses power,
// leaves a prefix of the steps. Every file appears under its name with its whole content: none of ours is ever empty.
import { join } from 'node:path';
import type { Step } from '../allocator/plan.ts';
import { isSameReservation } from '../allocator/reservation.ts';
import type { Files } from './files.ts';
import { cursorFile, type Layout, recordFile, temporaryPrefix } from './layout.ts';
import type { Reservation } from './network-state.ts';
import { metaContent } from './read-network.ts';
import { encodeRecord } from './record-file.ts';
import { parseReservation, reservationContent } from './reservation-file.ts';

/** Somebody else was quicker; what was done is undone, and the directory is to be read and planned anew. */
export class DirectoryChanged extends Error {
  override readonly name = 'DirectoryChanged';
}

export interface PerformOptions {
  readonly files: Files;
  readonly layout: Layout;
  /** Of this one performance among all processes; part of the names of temporary files. */
  readonly unique: string;
  /** The network's lock is held: nobody changes a file between our look and our step. */
  readonly isExclusive: boolean;
}

/** @throws DirectoryChanged, or what the disk said; an AggregateError of that and more when undoing failed as well */
export function perform(steps: readonly Step[], options: PerformOptions): void {
  if (steps.length === 0) return;
  const performance = new Performance(options);
  try {
    performance.stage(steps);
    performance.commit();
  } catch (error) {
    const faults = performance.undo();
    if (faults.length === 0) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new AggregateError([error, ...faults], message, { cause: error });
  } finally {
    performance.clean();
  }
}

interface Staged {
  readonly step: Step;
  /** Holds what the step is going to put in place, durable already: from then on no space is needed. */
  readonly temporary: string;
}

class Performance {
  readonly #options: PerformOptions;
  readonly #staged: Staged[] = [];
  readonly #temporaries = new Set<string>();
  #written = 0;
  readonly #undo: (() => void)[] = [];
  /** The directory with names that are not durable yet: never two, so that the order of steps is the disk's, too. */
  #unsynced: string | undefined;

  constructor(options: PerformOptions) {
    this.#options = options;
  }

  stage(steps: readonly Step[]): void {
    const { files, layout } = this.#options;
    if (!steps.every((step) => step.do === 'release')) files.makeDirectory(layout.retain, 0o700);
    for (const step of steps) {
      const content = contentOf(step);
      this.#staged.push({ step, temporary: content === undefined ? '' : this.#write(content) });
    }
  }

  commit(): void {
    for (const { step, temporary } of this.#staged) {
      const directory = isOurs(step) ? this.#options.layout.retain : this.#options.layout.held;
      if (this.#unsynced !== directory) this.#sync();
      this.#unsynced = directory;
      this.#commit(step, temporary);
    }
    this.#sync();
  }

  /** What could not be undone. */
  undo(): readonly unknown[] {
    return attempts(this.#undo.toReversed());
  }

  /** Temporary files that stay are removed by the next who has the lock. */
  clean(): void {
    attempts([...this.#temporaries].map((temporary) => () => this.#options.files.remove(temporary)));
  }

  #write(content: string): string {
    const { files, layout, unique } = this.#options;
    const temporary = join(layout.retain, `${temporaryPrefix}${unique}-${this.#written++}`);
    files.create(temporary, content);
    this.#temporaries.add(temporary);
    return temporary;
  }

  #sync(): void {
    if (this.#unsynced !== undefined) this.#options.files.sync(this.#unsynced);
    this.#unsynced = undefined;
  }

  #commit(step: Step, temporary: string): void {
    const { files, layout } = this.#options;
    if (step.do === 'write-record') this.#replace(recordFile(layout, step.record.address), temporary);
    else if (step.do === 'drop-record') this.#replace(recordFile(layout, step.address), undefined);
    else if (step.do === 'reserve') this.#link(temporary, step.reservation);
    else if (step.do === 'take-over') this.#takeOver(temporary, step.reservation, step.from);
    else if (step.do === 'release') this.#release(step.reservation);
    else if (step.do === 'remove-ownerless') this.#removeOwnerless(step.address);
    else if (step.do === 'quarantine') files.rename(join(layout.retain, step.file), this.#quarantineName(step.file));
    else if (step.do === 'move-cursor') this.#replace(cursorFile(layout, step.rangeSet), temporary);
    else this.#rename(temporary, layout.meta);
  }

  /** Undefined content: the file goes. */
  #replace(path: string, temporary: string | undefined): void {
    const { files } = this.#options;
    const before = files.read(path);
    if (temporary === undefined) files.remove(path);
    else this.#rename(temporary, path);
    this.#undo.push(() => (before === undefined ? files.remove(path) : this.#rename(this.#write(before), path)));
  }

  #rename(temporary: string, path: string): void {
    this.#options.files.rename(temporary, path);
    this.#temporaries.delete(temporary);
  }

  #link(temporary: string, reservation: Reservation): void {
    const { files } = this.#options;
    const path = this.#pathOf(reservation);
    if (!files.link(temporary, path)) throw new DirectoryChanged(`${path} is there already`);
    this.#undo.push(() => {
      if (this.#says(reservation)) files.remove(path);
    });
  }

  #takeOver(temporary: string, reservation: Reservation, from: Reservation): void {
    if (!this.#options.isExclusive) {
      // Without the lock only a link cannot replace what somebody else has put there meanwhile.
      this.#release(from);
      this.#link(temporary, reservation);
      return;
    }
    this.#expect(from);
    this.#rename(temporary, this.#pathOf(from));
    this.#undo.push(() => this.#rename(this.#write(reservationContent(from)), this.#pathOf(from)));
  }

  #release(reservation: Reservation): void {
    const { files } = this.#options;
    this.#expect(reservation);
    files.remove(this.#pathOf(reservation));
    this.#undo.push(() => void files.link(this.#write(reservationContent(reservation)), this.#pathOf(reservation)));
  }

  #removeOwnerless(address: string): void {
    const { files, layout } = this.#options;
    const text = files.read(join(layout.held, address));
    if (text !== undefined && parseReservation(address, text) === undefined) files.remove(join(layout.held, address));
  }

  #quarantineName(file: string): string {
    const { files, layout } = this.#options;
    let count = 1;
    while (files.size(join(layout.retain, `${file}.damaged-${count}`)) !== undefined) count++;
    return join(layout.retain, `${file}.damaged-${count}`);
  }

  #expect(reservation: Reservation): void {
    if (!this.#says(reservation)) throw new DirectoryChanged(`${this.#pathOf(reservation)} says something else by now`);
  }

  #says(reservation: Reservation): boolean {
    const text = this.#options.files.read(this.#pathOf(reservation));
    const now = text === undefined ? undefined : parseReservation(reservation.address, text);
    return now !== undefined && isSameReservation(now, reservation);
  }

  #pathOf({ address }: Reservation): string {
    return join(this.#options.layout.held, address);
  }
}

function contentOf(step: Step): string | undefined {
  if (step.do === 'write-record') return encodeRecord(step.record);
  if (step.do === 'reserve' || step.do === 'take-over') return reservationContent(step.reservation);
  if (step.do === 'move-cursor') return step.address;
  return step.do === 'mark-swept' ? metaContent(step.bootId) : undefined;
}

const isOurs = (step: Step): boolean =>
  step.do === 'write-record' || step.do === 'drop-record' || step.do === 'quarantine' || step.do === 'mark-swept';

/** Each is tried, whatever becomes of those before. */
function attempts(all: readonly (() => void)[]): readonly unknown[] {
  return all.flatMap((one) => {
    try {
      one();
      return [];
    } catch (error) {
      return [error];
    }
  });
}
