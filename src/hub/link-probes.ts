// The probes under way, at most one for each server. Promise: one that was ended, or replaced, reports nothing any more.
import type { ProbeAnswer } from './upstream/probe.ts';
import type { Server } from './upstream/servers.ts';

export interface LinkProbesOptions {
  ask(server: Server, signal: AbortSignal): Promise<ProbeAnswer>;
  onAnswered(server: Server, answer: ProbeAnswer): void;
  onFailed(server: Server, error: unknown): void;
}

export class LinkProbes {
  readonly #options: LinkProbesOptions;
  /** By name of the server. */
  readonly #running = new Map<string, AbortController>();

  constructor(options: LinkProbesOptions) {
    this.#options = options;
  }

  begin(server: Server): void {
    this.end(server.name, 'another probe has begun');
    void this.#run(server);
  }

  end(server: string, why: string): void {
    const running = this.#running.get(server);
    if (running === undefined) return;
    this.#running.delete(server);
    running.abort(new Error(why));
  }

  endAll(why: string): void {
    for (const server of [...this.#running.keys()]) this.end(server, why);
  }

  async #run(server: Server): Promise<void> {
    const running = new AbortController();
    this.#running.set(server.name, running);
    const isOver = (): boolean => this.#running.get(server.name) !== running;
    let report: () => void;
    try {
      const answer = await this.#options.ask(server, running.signal);
      report = () => this.#options.onAnswered(server, answer);
    } catch (error) {
      report = () => this.#options.onFailed(server, error);
    }
    if (isOver()) return;
    this.#running.delete(server.name);
    report();
  }
}
