// Feeds the connectivity machine and does what it says: listens to what exchanges tell, runs the probes, keeps the list of
// servers and the connections in step with it. Prints one line per change. Decides nothing itself.
import { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../apimachinery/clock.ts';
import {
  type Connectivity,
  failuresOf,
  type LinkAction,
  type LinkChange,
  type LinkEvent,
  type LinkState,
  nextTickAt,
  startConnectivity,
  step,
  type Tick,
} from './connectivity.ts';
import { LinkLog } from './link-log.ts';
import { LinkProbes } from './link-probes.ts';
import type { Logger } from './logger.ts';
import { pace, type ServerLink } from './server-link.ts';
import { untilLink } from './until-link.ts';
import { failureReason } from './upstream/failure-reason.ts';
import type { LinkObserver } from './upstream/link-observer.ts';
import { type ProbeAnswer, probe } from './upstream/probe.ts';
import type { Server } from './upstream/servers.ts';
import type { Upstream } from './upstream/upstream.ts';

export interface LinkMonitorOptions {
  readonly upstream: Upstream;
  readonly clock: Clock;
  /** 0 <= n < 1 */
  readonly random: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  /** For tests. */
  readonly probe?: (server: Server, signal: AbortSignal) => Promise<ProbeAnswer>;
}

export interface LinkChangeEvent extends LinkChange {
  /** Clock milliseconds. */
  readonly since: number;
}

/** A timer so late means that we were busy, and answers may lie unread: they are read first. */
const lateMs = 200;
const graceMs = 100;

export class LinkMonitor extends EventEmitter<{ change: [LinkChangeEvent] }> implements LinkObserver {
  readonly #options: LinkMonitorOptions;
  readonly #probes: LinkProbes;
  readonly #log: LinkLog;
  /** Answers not yet told to the machine: while all is well it need not hear of each. */
  readonly #answeredAt = new Map<string, number>();
  #now: Connectivity;
  #timer: Timer | undefined;
  #isClosed = false;
  #losses = 0;

  constructor(options: LinkMonitorOptions) {
    super();
    this.setMaxListeners(0); // every reflector waits here while the link is down
    const { upstream, clock } = options;
    this.#options = options;
    this.#log = new LinkLog(options.log);
    this.#probes = new LinkProbes({
      ask: options.probe ?? ((server, signal) => probe(upstream, server, signal)),
      onAnswered: ({ name }, { isReady }) =>
        this.#feed({ type: 'probe-answered', server: name, at: clock.now(), isReady }),
      onFailed: ({ name }, error) =>
        this.#feed({ type: 'probe-failed', server: name, at: clock.now(), because: failureReason(error) }),
    });
    this.#now = startConnectivity(
      upstream.servers.all.map(({ name }) => name),
      clock.now(),
    );
    upstream.observer = this;
  }

  /**
   * Probes every server.
   * @param isNodeKnown the store can answer a kubelet, who then does not wait for long
   */
  start(isNodeKnown = false): void {
    const startingLimitMs = isNodeKnown ? pace.knownStartingLimitMs : pace.startingLimitMs;
    this.#now = { ...this.#now, servers: this.servers.map((link) => ({ ...link, startingLimitMs })) };
    this.#feed({ type: 'tick', at: this.#options.clock.now() });
  }

  /** Something has changed that may mend a link that is down: the servers are asked now. */
  askAgain(): void {
    if (this.#now.state === 'online') return;
    const at = this.#options.clock.now();
    for (const { name } of this.servers) this.#feed({ type: 'request-answered', server: name, at });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#probes.endAll('the hub is closing');
  }

  get state(): LinkState {
    return this.#now.state;
  }

  /** Clock milliseconds of the last change. */
  get since(): number {
    return this.#now.since;
  }

  get reason(): string {
    return this.#now.reason;
  }

  /** See `failuresOf`. */
  get failures(): ReadonlySet<string> {
    return failuresOf(this.servers);
  }

  get servers(): readonly ServerLink[] {
    return this.#now.servers;
  }

  get isOnline(): boolean {
    return this.#now.state === 'online';
  }

  /** How often it was not online any more, if only for a moment. */
  get losses(): number {
    return this.#losses;
  }

  /** For a client that is refused: `since 2026-01-31T10:02:03Z: probe failed: connection-refused (10.0.0.1:6443)`. */
  describe(): string {
    return `since ${new Date(this.since).toISOString().slice(0, 19)}Z: ${this.reason}`;
  }

  /** Resolves at once when online. Rejects with the signal's reason. */
  whenOnline(signal: AbortSignal): Promise<void> {
    return untilLink(this, (state) => state === 'online', signal);
  }

  /** Resolves once it is known whether the link is up or down. Rejects with the signal's reason. */
  settled(signal: AbortSignal): Promise<void> {
    return untilLink(this, (state) => state === 'online' || state === 'offline', signal);
  }

  responded(server: Server): void {
    const at = this.#options.clock.now();
    const link = this.#link(server);
    if (link?.state === 'online') this.#answeredAt.set(server.name, at);
    else this.#feed({ type: 'request-answered', server: server.name, at });
  }

  refused(server: Server, error: unknown): void {
    this.#feed({
      type: 'request-refused',
      server: server.name,
      at: this.#options.clock.now(),
      because: failureReason(error),
    });
  }

  broke(server: Server, error: unknown): void {
    this.#feed({
      type: 'request-broke',
      server: server.name,
      at: this.#options.clock.now(),
      because: failureReason(error),
    });
  }

  silent(server: Server, waitedMs: number): void {
    this.#feed({ type: 'request-silent', server: server.name, at: this.#options.clock.now(), waitedMs });
  }

  #link(server: Server): ServerLink | undefined {
    return this.#now.servers.find(({ name }) => name === server.name);
  }

  #feed(event: LinkEvent | Tick): void {
    if (this.#isClosed) return;
    for (const [server, at] of this.#answeredAt) this.#step({ type: 'request-answered', server, at });
    this.#answeredAt.clear();
    this.#step(event);
    this.#armTimer();
  }

  #step(event: LinkEvent | Tick): void {
    const before = this.#now;
    const { next, actions, change } = step(before, event, this.#options.random);
    this.#now = next;
    this.#followServers(before.servers);
    for (const action of actions) this.#act(action);
    if (change !== undefined) this.#announce(change);
    this.#log.advise(this.#now.state, this.#now.reason, this.failures);
  }

  /** Whom the next request is sent to, and which probes nobody waits for any more. */
  #followServers(before: readonly ServerLink[]): void {
    const { servers } = this.#options.upstream;
    this.#now.servers.forEach((link, index) => {
      const was = before[index]!;
      if (link.probe === undefined) this.#probes.end(link.name, 'the probe took too long');
      if (link.state === was.state) return;
      const server = servers.byName(link.name)!;
      if (link.state === 'online') servers.markUp(server);
      else servers.markDown(server);
      if (servers.all.length > 1) this.#log.serverChanged(was.state, link);
    });
  }

  #act(action: LinkAction): void {
    const { upstream } = this.#options;
    const server = upstream.servers.byName(action.server)!;
    if (action.type === 'drain') upstream.drain(server);
    else if (action.type === 'renew') upstream.renew(server);
    else this.#probes.begin(server);
  }

  #announce(change: LinkChange): void {
    this.#log.changed(change);
    if (change.from === 'online') this.#losses += 1;
    this.emit('change', { ...change, since: this.#now.since });
  }

  #armTimer(): void {
    this.#timer?.cancel();
    const { clock } = this.#options;
    const due = nextTickAt(this.#now);
    const delayMs = Math.max(1, due - clock.now());
    this.#timer = clock.setTimeout(() => {
      if (clock.now() - due > lateMs) this.#timer = clock.setTimeout(() => this.#feed(tickAt(clock)), graceMs);
      else this.#feed(tickAt(clock));
    }, delayMs);
  }
}

function tickAt(clock: Clock): Tick {
  return { type: 'tick', at: clock.now() };
}
