// What the cloud has said to owed writes, brought to those whom it concerns: the store, the readers of this node, whoever
// waits for what comes of a retry, and the object itself.
import { type JsonObject, stringifyJson } from '../../apimachinery/json.ts';
import { wordOfAnswer } from '../cloud-word.ts';
import { nodeLender } from '../lenders.ts';
import { versionOf } from '../writes/object-view.ts';
import type { Decisions } from './decisions.ts';
import { targetPath, type WriteTarget } from './entry.ts';
import type { KnownToStore, OwedWritesEvents } from './owed-writes-dependencies.ts';
import type { OwnWrites } from './own-writes.ts';
import type { ParkedNews } from './parked-news.ts';
import type { ReplayerOptions } from './replayer.ts';

export interface ReplayReportsOptions {
  readonly store: Pick<KnownToStore, 'forget' | 'hear'>;
  readonly own: OwnWrites;
  /** More is owed of the object at this path. */
  readonly owesObject: (path: string) => boolean;
  readonly decisions: Decisions;
  readonly news: ParkedNews;
  readonly events: OwedWritesEvents;
}

type Seen = JsonObject | 'absent' | undefined;

export function replayReports(o: ReplayReportsOptions): Pick<ReplayerOptions, 'hear' | 'events'> {
  const { store, own, decisions, news, events } = o;

  /** Before the entry leaves the outbox: a life that begins between the two would know neither. */
  async function hear(target: WriteTarget, identity: string, object: Seen): Promise<void> {
    const path = targetPath(target);
    if (typeof object !== 'object') store.forget(path);
    if (object === undefined) return;
    const body = object === 'absent' ? undefined : Buffer.from(stringifyJson(object));
    const word = body === undefined ? { goneUid: '' } : wordOfAnswer(target.gvr, 'update', body);
    if (word !== undefined) await store.hear({ ...target, path }, identity, word);
  }

  /** The cloud has spoken of an object: its word counts, unless more is owed of it. @param object as it was seen there */
  async function end(path: string, object: Seen): Promise<void> {
    if (o.owesObject(path)) return;
    if (object === undefined) await own.giveUp(path);
    else await own.end(path, object === 'absent' ? '' : versionOf(object));
  }

  return {
    hear: ({ target, writer }, object) => hear(target, writer.identity, object),
    events: {
      leaseEnded: async (target, object) => {
        if (object !== undefined) await hear(target, nodeLender.identity, object);
        await end(targetPath(target), object);
      },
      asking: ({ target }) => own.asking(targetPath(target)),
      done: async (entry, outcome) => {
        await end(targetPath(entry.target), outcome.object);
        events.replayed(entry, outcome.reason);
        decisions.conclude(entry.sequence, outcome.reason);
      },
      parked: async (entry, object) => {
        const { cloud, isAbsent } = entry.parked ?? {};
        await end(targetPath(entry.target), object ?? cloud ?? (isAbsent ? 'absent' : undefined));
        events.parked(entry);
        await news.tell(entry);
        decisions.conclude(entry.sequence, 'parked');
      },
      began: events.replayBegan,
      interrupted: events.replayInterrupted,
      ended: events.replayEnded,
    },
  };
}
