// What goes wrong, and what others do meanwhile: the link, the power, the disk, the clocks, the cloud itself.
import type { SimDisk } from './disk.ts';
import type { SimNetwork } from './network.ts';
import { Others } from './others.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface MisfortuneParts {
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly disk: SimDisk;
  readonly trace: Trace;
  /** False when there have been steps enough; takes one. */
  readonly takeStep: () => boolean;
  readonly crash: (how: 'killed' | 'power cut') => void;
  readonly swapCluster: () => void;
}

const forever: Owner = { isOver: false };
const day = 24 * 3_600_000;

export class Misfortune {
  readonly #o: MisfortuneParts;
  readonly #others: Others;
  /** Not every world has all of it. */
  readonly #weights: Readonly<Record<string, number>>;

  constructor(parts: MisfortuneParts) {
    this.#o = parts;
    const { random } = parts;
    this.#others = new Others(random.fork('others'));
    const sometimes = (weight: number): number => (random.chance(0.5) ? weight : 0);
    this.#weights = {
      link: 6,
      others: 6,
      crash: sometimes(2),
      losses: sometimes(1),
      disk: sometimes(1),
      compact: sometimes(1),
      clock: sometimes(0.5),
      cluster: random.chance(0.1) ? 0.7 : 0,
    };
  }

  begin(): void {
    const { scheduler, random, takeStep } = this.#o;
    scheduler.after(random.between(500, 8000), forever, () => {
      if (!takeStep()) return;
      this.#strike();
      this.begin();
    });
  }

  heal(): void {
    const { network, disk, trace, scheduler } = this.#o;
    trace.note('everything heals');
    network.lossProbability = 0;
    network.slowProbability = 0;
    network.cloud.faultProbability = 0;
    disk.isFull = false;
    disk.faultProbability = 0;
    scheduler.wallClockErrorMs = 0;
    network.set('up');
  }

  #strike(): void {
    const { random, network, disk, trace, scheduler, crash, swapCluster } = this.#o;
    const strikes: Readonly<Record<string, () => void>> = {
      link: () => {
        network.set(network.mode === 'up' ? random.pick(['refusing', 'black hole']) : 'up');
        trace.note(`the network is ${network.mode}`);
      },
      others: () => this.#others.act(network.cloud, scheduler.now),
      crash: () => crash(random.chance(0.5) ? 'killed' : 'power cut'),
      losses: () => {
        network.lossProbability = random.chance(0.5) ? 0 : 0.1;
        network.slowProbability = random.chance(0.5) ? 0 : 0.05;
        network.cloud.faultProbability = random.chance(0.5) ? 0 : 0.1;
      },
      disk: () => {
        if (random.chance(0.5)) disk.isFull = !disk.isFull;
        else disk.faultProbability = random.chance(0.5) ? 0 : 0.05;
        trace.note(`the disk is ${disk.isFull ? 'full' : 'free'}, faults ${disk.faultProbability}`);
      },
      compact: () => network.cloud.store.compact(),
      clock: () => {
        scheduler.wallClockErrorMs = random.pick([0, -20_000 * day, 400 * day, -3_600_000, 90_000]);
        trace.note(`the node's clock is ${scheduler.wallClockErrorMs} ms wrong`);
      },
      cluster: swapCluster,
    };
    strikes[random.weighted(this.#weights)]!();
  }
}
