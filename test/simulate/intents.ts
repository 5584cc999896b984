// What clients of the hub wanted, what they were told, and what became of it. Every value that a client writes is a token
// that is written nowhere else, so that each can be followed from the client to the cloud.
//
// Promises checked here: what was acknowledged is applied, or overtaken by a later write, or parked where people see it;
// nothing is applied twice, nothing that was refused is applied at all, and a deletion hits only the object it was meant for.
import { isJsonObject, type JsonObject } from '../../src/apimachinery/json.ts';
import type { CloudRequest } from '../../src/cache/outbox/cloud.ts';
import type { OutboxEntry } from '../../src/cache/outbox/entry.ts';
import { targetPath } from '../../src/cache/outbox/entry.ts';
import type { Applied } from './cloud-store.ts';
import { fieldsOf, madeField } from './fields.ts';
import { type TimedWrite, WrittenOver } from './written-over.ts';

/** `refused`: nothing may come of it. `unknown`: it may have been done, once. */
export type Outcome = 'open' | 'acknowledged' | 'refused' | 'unknown';

export interface Intent extends TimedWrite {
  readonly id: number;
  readonly client: string;
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly path: string;
  /** Field → token. */
  readonly values: ReadonlyMap<string, string>;
  /** Of the object that is to be deleted; '' when the client names none. */
  readonly uid: string;
  outcome: Outcome;
  /** Who answered. */
  by: 'cloud' | 'outbox' | undefined;
  order: number;
  shownAt: number;
}

/** Ends the user agent of what the hub itself sends for a client. */
export const replayedMark = '/replayed';

export class Intents {
  readonly #all: Intent[] = [];
  readonly #fault: (what: string) => void;
  readonly #isEdgeWinning: (path: string) => boolean;
  /** Field and token → how often it came to stand there in the cloud. */
  readonly #applied = new Map<string, number>();
  /** Tokens of entries that became pointless in the cloud, or gave way. */
  readonly #passedOver = new Set<string>();
  /** Uid given by the hub → token of the creation. */
  readonly #provisional = new Map<string, string>();
  /** Token of a creation → uid in the cloud, the last one if it was made anew there. */
  readonly #uids = new Map<string, string>();
  /** Place and field. */
  readonly #writtenOver = new WrittenOver<Intent>();
  readonly #gone = new Set<string>();
  /** Tokens of creations whose object was deleted. */
  readonly #unmade = new Set<string>();
  /** Uids of objects that clients of the hub have written to. */
  readonly #written = new Set<string>();
  /** Taken in by the hub, whether its client heard of it or not → the cluster that it was meant for. */
  readonly #accepted = new Map<number, string>();
  /** As their clients sent them. */
  readonly #arrived = new Set<number>();
  /** Tokens of what the cloud was heard to have. */
  readonly #heard = new Set<string>();
  #moments = 0;

  constructor(fault: (what: string) => void, isEdgeWinning: (path: string) => boolean) {
    this.#fault = fault;
    this.#isEdgeWinning = isEdgeWinning;
  }

  begin(intent: Pick<Intent, 'client' | 'verb' | 'path' | 'uid'>, fields: readonly string[]): Intent {
    const id = this.#all.length + 1;
    const values = new Map(fields.map((field) => [field, `w${id}`]));
    const never = Number.POSITIVE_INFINITY;
    this.#moments += 1;
    const begunAt = this.#moments;
    const begun: Intent = {
      ...intent,
      id,
      values,
      begunAt,
      outcome: 'open',
      by: undefined,
      order: never,
      shownAt: never,
    };
    this.#all.push(begun);
    return begun;
  }

  end(intent: Intent, outcome: Outcome, by: Intent['by'], answer: JsonObject | undefined): void {
    this.#moments += 1;
    Object.assign(intent, { outcome, by, order: this.#moments });
    const uid = isJsonObject(answer?.metadata) ? answer.metadata.uid : undefined;
    if (intent.verb === 'create' && outcome === 'acknowledged' && by === 'outbox' && typeof uid === 'string') {
      this.#provisional.set(uid, `w${intent.id}`);
    }
    if (outcome === 'acknowledged' && by === 'cloud')
      for (const token of intent.values.values()) this.#heard.add(token);
    if (outcome !== 'refused') return;
    for (const [field, token] of intent.values) {
      if (this.#applied.has(`${field} ${token}`)) this.#fault(`${token} was refused, and the cloud has it`);
    }
  }

  /** A client is shown this, whoever answers. */
  shown(object: JsonObject): void {
    this.#moments += 1;
    for (const token of fieldsOf(object).values()) {
      const intent = this.#byToken(token);
      if (intent !== undefined) intent.shownAt = Math.min(intent.shownAt, this.#moments);
    }
  }

  /** The cloud has applied a write of whomever. */
  seeApplied({ cluster, type, before, after, path, agent }: Applied): void {
    const was = before === undefined ? new Map() : fieldsOf(before.value);
    const is = type === 'DELETED' ? new Map<string, string>() : fieldsOf(after.value);
    const made = is.get(madeField);
    const intent = this.#of(agent);
    const isReplayed = agent.endsWith(replayedMark);
    const late = !isReplayed && isLatePatch(intent) ? intent : undefined;
    if (intent !== undefined && !isReplayed) {
      if (this.#arrived.has(intent.id)) this.#fault(`${describe(intent)} was passed on twice`);
      this.#arrived.add(intent.id);
    }
    // With what was written to it before it was sent.
    const isMadeAnew = type === 'ADDED' && made !== undefined && this.#isUnmade(made);
    for (const [field, token] of is) {
      if (was.get(field) === token) continue;
      const isLate = late?.values.get(field) === token;
      this.#count(field, token, path, isMadeAnew || isLate);
      if (!isLate)
        this.#writtenOver.sees(`${path} ${field}`, this.#byToken(token), this.#byToken(was.get(field) ?? ''));
    }
    // Also when it was merged into an object that somebody had made there meanwhile.
    if (made !== undefined && was.get(madeField) !== made) this.#uids.set(made, after.object.uid);
    const { uid } = after.object;
    const meantFor = intent === undefined ? undefined : this.#accepted.get(intent.id);
    // What its own client has sent may arrive late, at whichever cluster is there by then.
    if (isReplayed && meantFor !== undefined && meantFor !== cluster)
      this.#fault(`${describe(intent!)} went to ${cluster}`);
    if (type === 'DELETED') {
      for (const field of was.keys()) this.#writtenOver.sees(`${path} ${field}`, undefined, undefined);
    }
    if (type !== 'DELETED') {
      if (intent !== undefined) this.#written.add(uid);
      return;
    }
    this.#gone.add(uid);
    const unmade = was.get(madeField);
    if (unmade !== undefined) this.#unmade.add(unmade);
    if (intent === undefined || intent.uid === '') return;
    const meant = this.#cloudUid(intent.uid);
    if (meant.startsWith('local-') && !this.#provisional.has(meant)) return; // whoever made it was never answered
    // Where the edge wins, an object that was replaced in the cloud is written over, and so may be deleted after that.
    const isSuccessor = this.#isEdgeWinning(path) && this.#written.has(uid);
    if (meant !== uid && !isSuccessor) {
      this.#fault(`${intent.client} deleted ${path} of uid ${uid}, meant ${meant}`);
    }
  }

  /** @param token of a creation, whose object was deleted */
  #isUnmade(token: string): boolean {
    return this.#gone.has(this.#uids.get(token) ?? '');
  }

  /** @param mayBeAgain it is no fault that it was there before */
  #count(field: string, token: string, path: string, mayBeAgain: boolean): void {
    const standing = `${field} ${token}`;
    const times = (this.#applied.get(standing) ?? 0) + 1;
    this.#applied.set(standing, times);
    const intent = this.#byToken(token);
    if (intent === undefined) return;
    // Where the edge wins, what it wrote is put back over whatever the cloud has made of it meanwhile. And of a creation whose
    // answer was lost nobody can tell, once somebody has deleted what it made, whether it ever arrived, or is still on its way.
    const isMadeAnew = mayBeAgain || (intent.verb === 'create' && this.#isUnmade(token));
    if (times > 1 && !this.#isEdgeWinning(path) && !isMadeAnew)
      this.#fault(`${token} came to stand in the cloud ${times} times, in ${field} of ${path}`);
    if (intent.outcome === 'refused') this.#fault(`${token} was refused and was applied later, in ${field} of ${path}`);
  }

  /** Somebody has deleted it, or may have. */
  mayBeGone(object: JsonObject, path: string): boolean {
    const { uid } = object.metadata as { uid?: string };
    if (uid === undefined || this.#gone.has(uid)) return true;
    const made = this.#provisional.get(uid);
    if (made !== undefined && this.#applied.has(`${madeField} ${made}`)) return true; // it goes on under the cloud's uid
    return this.#all.some(
      (intent) =>
        intent.verb === 'delete' &&
        intent.path === path &&
        intent.outcome !== 'refused' &&
        (intent.uid === '' || intent.uid === uid),
    );
  }

  /** The hub has taken a write in. */
  accept(agent: string, cluster: string): void {
    const intent = this.#of(agent);
    if (intent === undefined || this.#accepted.has(intent.id)) return;
    this.#accepted.set(intent.id, cluster);
  }

  /** The hub has heard that the cloud has it. */
  hears(entry: OutboxEntry): void {
    if (entry.after !== undefined) for (const token of fieldsOf(entry.after).values()) this.#heard.add(token);
  }

  /** The hub itself sends this to the cloud. */
  replays({ method, path, body }: CloudRequest): void {
    if (method !== 'POST' || body === undefined || this.#isEdgeWinning(path)) return;
    const made = fieldsOf(JSON.parse(body.toString())).get(madeField);
    if (made !== undefined && this.#heard.has(made)) this.#fault(`${made} is sent to be made again, and was heard of`);
  }

  /** An entry of the outbox became pointless, or had to give way. */
  passOver(entry: OutboxEntry): void {
    if (entry.after !== undefined) for (const token of fieldsOf(entry.after).values()) this.#passedOver.add(token);
    if (entry.op === 'delete') this.#passedOver.add(`delete ${targetPath(entry.target)}`);
  }

  /** Everything has been brought to the cloud that will be. */
  settle(parked: readonly OutboxEntry[]): void {
    const parkedTokens = new Set(
      parked.flatMap(({ after }) => (after === undefined ? [] : [...fieldsOf(after).values()])),
    );
    const parkedDeletions = new Set(parked.filter(({ op }) => op === 'delete').map(({ target }) => targetPath(target)));
    for (const { place, write, over } of this.#writtenOver.faults()) {
      this.#fault(`${place}: ${describe(write)}, was written over ${describe(over)}`);
    }
    for (const intent of this.#all) {
      if (intent.outcome !== 'acknowledged') continue;
      if (intent.verb === 'delete') this.#settleDeletion(intent, parkedDeletions);
      for (const [field, token] of intent.values) {
        const isThere =
          this.#applied.has(`${field} ${token}`) || parkedTokens.has(token) || this.#passedOver.has(token);
        if (!isThere && !this.#isOvertaken(intent, field)) this.#fault(`${token} (${describe(intent)}) was lost`);
      }
    }
  }

  #settleDeletion(intent: Intent, parked: ReadonlySet<string>): void {
    const uid = this.#cloudUid(intent.uid);
    if (this.#unmade.has(this.#provisional.get(intent.uid) ?? '')) return; // once, at least
    if (this.#gone.has(uid) || parked.has(intent.path) || this.#passedOver.has(`delete ${intent.path}`)) return;
    // Made here and deleted here before the cloud ever heard of it.
    if (uid.startsWith('local-') || uid === '') return;
    this.#fault(`${describe(intent)} was lost`);
  }

  /** A later write through the hub says otherwise. */
  #isOvertaken(intent: Intent, field: string): boolean {
    return this.#all.some(
      (other) =>
        other.path === intent.path &&
        (other.values.has(field) || other.verb === 'delete') &&
        (other.order > intent.order || other.outcome === 'open') &&
        (other.outcome === 'acknowledged' || this.#accepted.has(other.id) || isFoldedAway(other)),
    );
  }

  #cloudUid(uid: string): string {
    const made = this.#provisional.get(uid);
    return (made !== undefined && this.#uids.get(made)) || uid;
  }

  #of(agent: string): Intent | undefined {
    const [client, id] = agent.split('/');
    const intent = this.#all[Number(id) - 1];
    return intent?.client === client ? intent : undefined;
  }

  #byToken(token: string): Intent | undefined {
    return token.startsWith('w') ? this.#all[Number(token.slice(1)) - 1] : undefined;
  }
}

/**
 * Passed on as its client sent it, given up, taken in here and brought to the cloud, it arrives there in the end. Nobody can
 * tell a patch without a version from a new one. What the hub sends of its own accord has one, and is not excused.
 */
function isLatePatch(intent: Intent | undefined): boolean {
  return intent?.verb === 'patch' && intent.outcome === 'acknowledged' && intent.by === 'outbox';
}

/** Of a deletion of what the cloud has never heard of nothing is left; its client may have been cut off. */
function isFoldedAway({ verb, uid, outcome }: Intent): boolean {
  return verb === 'delete' && uid.startsWith('local-') && outcome === 'unknown';
}

export function describe({ client, verb, path, id, by }: Intent): string {
  return `${verb} ${path} of ${client}, intention ${id}, acknowledged by ${by}`;
}
