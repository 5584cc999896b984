// Whether another machine lives under this node's name, as clones of one disk do. Each kubelet writes the boot id of its machine
// into the Node, and sets it right again when it finds another there. Promise: it is only said, never acted on; and said only
// where this machine's own id, which changes with a reboot alone, has given way to another one twice: once may be
// the Node as it was before a reboot.
import type { Clock } from '../apimachinery/clock.ts';
import { parseJson } from '../apimachinery/json.ts';
import type { Cache } from '../cache/cache.ts';
import { readBootId } from './boot-id.ts';
import type { Logger } from './logger.ts';
import { ownNodeScope } from './own-node.ts';

/** So long after it was last seen it is told. */
const toldForMs = 3_600_000;
const givenWayLimit = 2;

export interface NameSharingOptions {
  readonly nodeName: string;
  /** Of this machine; undefined where it has none: then nothing is ever said. */
  readonly bootId: string | undefined;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  readonly onFound: (sentence: string) => void;
}

export class NameSharing {
  readonly #o: NameSharingOptions;
  #wasOwn = false;
  #hasGivenWay = 0;
  #last: { readonly bootId: string; readonly at: number } | undefined;

  constructor(options: NameSharingOptions) {
    this.#o = options;
  }

  /** What stands in the Node now. */
  saw(bootId: string): void {
    const { bootId: own, now, onFound } = this.#o;
    if (own === undefined || bootId === '') return;
    const givesWay = this.#wasOwn && bootId !== own;
    this.#wasOwn = bootId === own;
    if (!givesWay) return;
    const wasTold = this.warning !== undefined;
    this.#hasGivenWay += 1;
    this.#last = { bootId, at: now() };
    if (!wasTold && this.warning !== undefined) onFound(this.warning);
  }

  /** In a sentence, for as long as it is going on; undefined when it is not. */
  get warning(): string | undefined {
    const { nodeName, bootId, now } = this.#o;
    if (this.#hasGivenWay < givenWayLimit || this.#last === undefined) return undefined;
    if (now() - this.#last.at >= toldForMs) return undefined;
    return `Another machine lives under the name ${nodeName}: the Node says boot id ${this.#last.bootId} by turns with this machine's, ${bootId}. Clones of one disk do that. Let one of them leave (holdfast leave) and join under another --node-name; docs/join.md says more.`;
  }
}

/** Looks at the Node whenever it changes; it must be followed. */
export function watchName(cache: Cache, nodeName: string, sharing: NameSharing): void {
  const followed = cache.scopes.get(ownNodeScope(nodeName).id);
  followed?.content.observers.add(() => {
    const node = followed.snapshot.get(`/${nodeName}`);
    if (node !== undefined) sharing.saw(bootIdIn(parseJson(node.body)));
  });
}

export async function openNameSharing(
  nodeName: string,
  clock: Pick<Clock, 'now'>,
  log: Pick<Logger, 'warn'>,
): Promise<NameSharing> {
  return new NameSharing({
    nodeName,
    bootId: await readBootId(),
    now: () => clock.now(),
    onFound: (sentence) => log.warn({ event: 'node.shared' }, sentence),
  });
}

function bootIdIn(node: unknown): string {
  const { status } = node as { readonly status?: { readonly nodeInfo?: { readonly bootID?: unknown } } };
  const bootId = status?.nodeInfo?.bootID;
  return typeof bootId === 'string' ? bootId : '';
}
