// An admin port over owed writes, with one parked in conflict as number 1. Not listening yet.
import { readFile } from 'node:fs/promises';
import type { ExecutionContext } from 'ava';
import type { FastifyInstance } from 'fastify';
import { untilEither } from '../../src/cache/until-either.ts';
import { createAdminServer } from '../../src/hub/admin/admin-server.ts';
import { createAdminToken } from '../../src/hub/admin/admin-token.ts';
import { temporaryDirectory } from '../storage/temporary-directory.ts';
import { healthyStatus } from './hub-status.ts';
import { OwedWritesStage } from './owed-writes-stage.ts';

export interface StagedAdminPort {
  readonly stage: OwedWritesStage;
  readonly server: FastifyInstance;
  /** Where the token is, and copies go. */
  readonly directory: string;
  readonly secret: string;
  /** Events of the log. */
  readonly logged: readonly string[];
}

export async function createAdminPort(t: ExecutionContext): Promise<StagedAdminPort> {
  const directory = temporaryDirectory(t);
  const stage = await OwedWritesStage.open();
  t.teardown(() => stage.writes.stop());
  await stage.conflict();
  await stage.heal();
  const logged: string[] = [];
  const note = (line: object): void => void logged.push((line as { event: string }).event);
  const token = await createAdminToken(directory);
  const server = createAdminServer({
    log: { error: (...line: unknown[]) => t.fail(JSON.stringify(line)) },
    status: { status: () => healthyStatus },
    cache: { lookUp: () => ({ state: 'unknown' }), placesOf: () => ({ isNamespaced: undefined, namespaces: [] }) },
    doctor: { examine: async () => ({ findings: [], servers: [] }) },
    metrics: { contentType: 'text/plain', metrics: async () => '' },
    livenessChecks: [],
    readinessChecks: [],
    ownNames: new Set(),
    outbox: {
      writes: stage.writes,
      token,
      directory,
      wallClock: () => stage.timing.wallClock() + 60_000,
      // As long as it takes.
      sleep: (_ms, signal) => untilEither(new Promise(() => {}), signal),
      log: { info: note, warn: note },
    },
  });
  const secret = (await readFile(token.path, 'utf8')).trim();
  return { stage, server, directory, secret, logged };
}
