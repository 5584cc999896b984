// The admin port, opened, with the checks of its health endpoints.
import { hostname } from 'node:os';
import type { Doctor } from '../doctor/doctor-source.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import type { HostPort } from '../option-types.ts';
import type { LinkView } from '../services.ts';
import { createAdminServer, listenAdmin } from './admin-server.ts';
import type { CacheSource } from './cache-view.ts';
import type { StatusSource } from './hub-status.ts';
import type { OutboxParts } from './outbox-routes.ts';

export interface AdminPortParts {
  readonly status: StatusSource;
  readonly cache: CacheSource;
  readonly outbox: OutboxParts;
  readonly doctor: Doctor;
  /** What waits for the cloud, in words. */
  readonly outboxWords: () => string | undefined;
  readonly metrics: Metrics;
  readonly log: Pick<Logger, 'error'>;
  readonly link: Pick<LinkView, 'state'>;
  readonly nodeName: string;
  readonly isClosing: () => boolean;
}

export interface AdminPort {
  readonly address: HostPort;
  close(): Promise<void>;
}

/** @throws ListenError */
export async function openAdminPort(address: HostPort, parts: AdminPortParts): Promise<AdminPort> {
  const { status, cache, outbox, doctor, outboxWords, metrics, log, link, isClosing, nodeName } = parts;
  const server = createAdminServer({
    status,
    cache,
    outbox,
    doctor,
    metrics,
    log,
    livenessChecks: [{ name: 'ping', check: () => undefined }],
    readinessChecks: [
      { name: 'shutdown', check: () => (isClosing() ? 'Holdfast is shutting down' : undefined) },
      // Offline is ready: the store answers. Not knowing yet is not.
      {
        name: 'link-known',
        check: () => (link.state === 'starting' ? 'no server has answered or failed yet' : undefined),
      },
      // Parked writes are for people to decide about; clients are served all the same.
      { name: 'outbox', check: () => undefined, remark: outboxWords },
    ],
    ownNames: new Set([nodeName, hostname().toLowerCase()]),
  });
  const open = await listenAdmin(server, address);
  return { address: open, close: () => server.close() };
}
