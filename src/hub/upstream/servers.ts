// Which of the apiservers is asked next. Knows who is up from what it is told; opens nothing. Promise: a server that was
// marked down is not picked while another is up, and while all are down there is still one to try.

export interface Server {
  /** `host:port`, for people. */
  readonly name: string;
  /** `https://host:port`, without a path. */
  readonly origin: string;
  /** What comes before every path on this server: '' or '/prefix' without a trailing slash. */
  readonly basePath: string;
}

/** `priority`: always the first that is up. `round-robin`: each in turn. */
export type ServerPick = 'priority' | 'round-robin';

export class Servers {
  readonly all: readonly Server[];
  readonly #pick: ServerPick;
  readonly #down = new Set<Server>();
  #turn = 0;

  /** @throws TypeError when there is no server, or one is not an http(s) URL */
  constructor(urls: readonly string[], pick: ServerPick = 'priority') {
    if (urls.length === 0) throw new TypeError('at least one server is needed');
    const byOrigin = new Map(urls.map(parseServer).map((server) => [server.origin, server]));
    this.all = [...byOrigin.values()];
    this.#pick = pick;
  }

  markUp(server: Server): void {
    this.#down.delete(server);
  }

  markDown(server: Server): void {
    this.#down.add(server);
  }

  byName(name: string): Server | undefined {
    return this.all.find((server) => server.name === name);
  }

  /** Whom to ask first. Someone, always. */
  first(): Server {
    return this.next(nobody) ?? this.#inTurn(this.all);
  }

  /** Whom to ask after the ones in `tried` failed; undefined when nobody else is up. */
  next(tried: ReadonlySet<Server>): Server | undefined {
    if (this.all.length === 1) return tried.size === 0 && this.#down.size === 0 ? this.all[0] : undefined;
    const candidates = this.all.filter((server) => !this.#down.has(server) && !tried.has(server));
    return candidates.length === 0 ? undefined : this.#inTurn(candidates);
  }

  #inTurn(candidates: readonly Server[]): Server {
    if (this.#pick === 'priority' || candidates.length === 1) return candidates[0]!;
    this.#turn = (this.#turn + 1) % this.all.length;
    // The one that follows the last turn in the full list, so that each gets its share whoever else is down.
    const ahead = candidates.find((server) => this.all.indexOf(server) >= this.#turn) ?? candidates[0]!;
    this.#turn = this.all.indexOf(ahead);
    return ahead;
  }
}

const nobody: ReadonlySet<Server> = new Set();

function parseServer(text: string): Server {
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new TypeError(`${text}: a server is an http:// or https:// URL`);
  }
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return { name: `${url.hostname}:${port}`, origin: url.origin, basePath: url.pathname.replace(/\/+$/, '') };
}
