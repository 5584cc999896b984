// `/outbox` on the admin port: what waits for the cloud or is parked, and what an operator decides about it. The list is
// shown to callers on this machine; contents and decisions need the token besides.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject, type JsonObject, type JsonValue, prettyJson } from '../../apimachinery/json.ts';
import { badRequest, serviceUnavailable } from '../../apimachinery/status.ts';
import type { Conclusion, Decisions } from '../../cache/outbox/decisions.ts';
import { type OutboxEntry, targetPath } from '../../cache/outbox/entry.ts';
import type { Outbox } from '../../cache/outbox/outbox.ts';
import type { TriedSoFar } from '../../cache/outbox/replayer.ts';
import type { Logger } from '../logger.ts';
import type { AdminToken } from './admin-token.ts';
import { refuseCrossSite, refuseRemote } from './callers.ts';
import { droppedPath, exportEntries, keepDropped } from './outbox-copies.ts';
import { type EntrySummary, type ParkedSummary, showInFull, summarize } from './outbox-view.ts';

/** What of the owed writes is shown and decided. */
export interface OwedToShow {
  readonly outbox: Pick<Outbox, 'entries' | 'get' | 'take'>;
  readonly decisions: Pick<Decisions, 'retry' | 'drop'>;
  readonly triedOf: (sequence: number) => TriedSoFar | undefined;
}

export interface OutboxParts {
  readonly writes: OwedToShow;
  readonly token: AdminToken;
  /** Where copies are written. */
  readonly directory: string;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** Answer to GET /outbox. */
export interface OutboxList {
  readonly entries: readonly EntrySummary[];
}

/** Answer to POST /outbox/N/retry. */
export interface RetryAnswer {
  readonly sequence: number;
  readonly path: string;
  /** `waiting`: nothing had come of it when so long had passed. */
  readonly conclusion: Conclusion | 'waiting';
  readonly parked?: ParkedSummary;
}

/** Answer to POST /outbox/N/drop. */
export interface DropAnswer {
  readonly sequence: number;
  readonly path: string;
  /** File with the copy. */
  readonly copy: string;
}

/** Answer to POST /outbox/export. */
export interface ExportAnswer {
  readonly path: string;
  readonly entries: number;
}

export const outboxPaths = ['/outbox', '/outbox/N'];

const longestWaitMs = 10_000;

export function addOutboxRoutes(server: FastifyInstance, parts: OutboxParts): void {
  const { writes, token, wallClock, directory, log } = parts;
  server.register((routes, _options, registered) => {
    routes.addHook('onRequest', async (request) => {
      refuseRemote(request);
      refuseCrossSite(request.headers);
    });
    routes.addHook('onSend', async (_request, reply) => {
      reply.header('cache-control', 'no-store');
    });
    routes.get('/outbox', async (_request, reply) => {
      const entries = writes.outbox.entries.map((entry) =>
        summarize(entry, wallClock(), writes.triedOf(entry.sequence)),
      );
      return reply.type('application/json').send(text({ entries } satisfies OutboxList));
    });
    routes.register((guarded, _guardedOptions, guardedRegistered) => {
      guarded.addHook('onRequest', async (request) => token.check(request.headers.authorization));
      guarded.get<Numbered>('/outbox/:sequence', async (request, reply) => {
        const entry = writes.outbox.take(sequenceOf(request));
        return reply
          .type('application/json')
          .send(text(showInFull(entry, wallClock(), writes.triedOf(entry.sequence))));
      });
      guarded.post<Numbered>('/outbox/:sequence/retry', async (request) => retry(parts, request));
      guarded.post<Numbered>('/outbox/:sequence/drop', async (request): Promise<DropAnswer> => {
        const entry = await writes.decisions.drop(sequenceOf(request), (one) => keepCopy(parts, one));
        const copy = droppedPath(directory);
        log.warn({ event: 'outbox.given-up', ...wordsOf(entry), copy }, 'an operator has dropped a parked write');
        return { sequence: entry.sequence, path: targetPath(entry.target), copy };
      });
      guarded.post('/outbox/export', async (): Promise<ExportAnswer> => {
        const { entries } = writes.outbox;
        try {
          return { path: await exportEntries(directory, entries, wallClock()), entries: entries.length };
        } catch (cause) {
          throw noCopy(directory, cause, 'nothing was exported');
        }
      });
      guardedRegistered();
    });
    registered();
  });
}

interface Numbered {
  Params: { sequence: string };
}

async function retry({ writes, sleep, log }: OutboxParts, request: FastifyRequest<Numbered>): Promise<RetryAnswer> {
  const sequence = sequenceOf(request);
  const { mine = false, waitMs = 0, ...unknown } = bodyOf(request);
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw badRequest(`"${stranger}" is not known here; there are mine and waitMs`);
  if (typeof mine !== 'boolean') throw badRequest('mine is true or false');
  if (typeof waitMs !== 'number' || !(waitMs >= 0 && waitMs <= longestWaitMs)) {
    throw badRequest(`waitMs is a number from 0 to ${longestWaitMs}`);
  }
  const path = targetPath(writes.outbox.take(sequence).target);
  const { concluded } = await writes.decisions.retry(sequence, mine);
  log.info({ event: 'outbox.retried', entry: sequence, mine }, 'an operator has a parked write tried once more');
  const enough = new AbortController();
  const patience = waitMs === 0 ? Promise.resolve() : sleep(waitMs, enough.signal);
  const waited = patience.then(
    () => 'waiting' as const,
    () => 'waiting' as const, // nobody waits any more
  );
  const conclusion = await Promise.race([concluded, waited]);
  enough.abort();
  const again = writes.outbox.get(sequence);
  const summary = conclusion === 'parked' && again !== undefined ? showInFull(again, 0).parked : undefined;
  return { sequence, path, conclusion, ...(summary !== undefined && { parked: summary }) };
}

async function keepCopy({ directory, wallClock }: OutboxParts, entry: OutboxEntry): Promise<void> {
  try {
    await keepDropped(directory, entry, wallClock());
  } catch (cause) {
    throw noCopy(droppedPath(directory), cause, 'nothing was dropped');
  }
}

function noCopy(path: string, cause: unknown, consequence: string): Error {
  const { message } = cause as NodeJS.ErrnoException;
  return serviceUnavailable(`no copy could be written to ${path} (${message}), so ${consequence}`, { cause });
}

/** @throws StatusError 400 */
function sequenceOf({ params }: FastifyRequest<Numbered>): number {
  const { sequence } = params;
  if (!/^[1-9]\d{0,14}$/.test(sequence))
    throw badRequest(`"${sequence}" is no number of a write; GET /outbox lists them`);
  return Number(sequence);
}

function bodyOf({ body }: FastifyRequest<Numbered>): JsonObject {
  if (body === undefined || body === null) return {};
  if (!isJsonObject(body as JsonValue)) throw badRequest('the body is no JSON object');
  return body as JsonObject;
}

function wordsOf({ sequence, target, writer }: OutboxEntry): { entry: number; object: string; writer: string } {
  return { entry: sequence, object: targetPath(target), writer: writer.identity };
}

function text(value: object): string {
  return `${prettyJson(value as JsonValue)}\n`;
}
