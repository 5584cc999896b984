// The admin port: health, metrics, status, a look into the store and what waits for the cloud, on a listener of its own.
// Plain HTTP. All is GET and changes nothing, but what an operator decides about parked writes. What the store holds is
// shown to callers on this machine only, secrets redacted.
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { badRequest, type Status, StatusError, status } from '../../apimachinery/status.ts';
import type { Doctor } from '../doctor/doctor-source.ts';
import { toStatus } from '../errors.ts';
import { listenError } from '../listener/listen-error.ts';
import { noSchemas } from '../listener/no-schemas.ts';
import type { Logger } from '../logger.ts';
import type { HostPort } from '../option-types.ts';
import { type CacheSource, findObject } from './cache-view.ts';
import { refuseRemote } from './callers.ts';
import { type HealthCheck, reportHealth } from './health.ts';
import { isTrustedHost } from './host-check.ts';
import type { StatusSource } from './hub-status.ts';
import { addOutboxRoutes, type OutboxParts, outboxPaths } from './outbox-routes.ts';

export interface AdminDependencies {
  readonly status: StatusSource;
  readonly cache: CacheSource;
  readonly outbox: OutboxParts;
  readonly doctor: Doctor;
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly log: Pick<Logger, 'error'>;
  readonly livenessChecks: readonly HealthCheck[];
  /** Asked by /readyz and /healthz together with the liveness checks. */
  readonly readinessChecks: readonly HealthCheck[];
  /** Host names besides localhost and addresses under which the port may be asked, lower-case: the node's. */
  readonly ownNames: ReadonlySet<string>;
}

/** Not yet listening: `listenAdmin` opens it, `close()` ends it. */
export function createAdminServer(dependencies: AdminDependencies): FastifyInstance {
  const server = fastify({
    logger: false,
    schemaController: noSchemas,
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    requestTimeout: 10_000,
    bodyLimit: 16_384,
  });
  // A body is JSON whatever it is called: `curl -d` says that it is a form.
  server.addContentTypeParser('*', { parseAs: 'string' }, server.getDefaultJsonParser('error', 'error'));
  server.addHook('onRequest', async (request) => refuseStrangers(request, dependencies.ownNames));
  addHealth(server, dependencies);
  server.get('/metrics', async (_request, reply) => {
    reply.type(dependencies.metrics.contentType);
    return dependencies.metrics.metrics();
  });
  server.get('/status', async (_request, reply) => sendJson(reply, await dependencies.status.status()));
  server.get('/cache/scopes', async (request, reply) => {
    refuseRemote(request);
    const { scopes } = await dependencies.status.status();
    return sendJson(reply, { scopes });
  });
  server.get<{ Querystring: Record<string, string | string[]> }>('/cache/object', async (request, reply) => {
    refuseRemote(request);
    const { scopes } = await dependencies.status.status();
    const found = await findObject(dependencies.cache, scopes, request.query);
    reply.header('x-holdfast-source', 'cache').header('x-holdfast-age', String(Math.floor(found.ageSeconds)));
    return reply.type('application/json').send(`${found.text}\n`);
  });
  server.get('/doctor', async (request, reply) => {
    refuseRemote(request);
    return sendJson(reply, await dependencies.doctor.examine());
  });
  addOutboxRoutes(server, dependencies.outbox);
  server.setNotFoundHandler((request) => {
    if (request.method !== 'GET') return Promise.reject(methodNotAllowed(request.method));
    return Promise.reject(
      new StatusError(status('NotFound', `there is no ${request.url} on the admin port; it has ${paths.join(', ')}`)),
    );
  });
  server.setErrorHandler((error, request, reply) => {
    if (statusOf(error).code >= 500 && !(error instanceof StatusError))
      dependencies.log.error({ event: 'admin.failed', url: request.url, error }, 'the admin port could not answer');
    return sendStatus(reply, error);
  });
  return server;
}

/** @returns the address it got, which differs for port 0. @throws ListenError */
export async function listenAdmin(server: FastifyInstance, address: HostPort): Promise<HostPort> {
  try {
    await server.listen({ host: address.host, port: address.port });
  } catch (error) {
    throw listenError(error, '--admin', address);
  }
  const bound = server.server.address();
  return { host: address.host, port: typeof bound === 'object' && bound !== null ? bound.port : address.port };
}

const paths = [
  '/healthz',
  '/livez',
  '/readyz',
  '/metrics',
  '/status',
  '/cache/scopes',
  '/cache/object',
  '/doctor',
  ...outboxPaths,
];

function addHealth(server: FastifyInstance, { livenessChecks, readinessChecks }: AdminDependencies): void {
  const all = [...livenessChecks, ...readinessChecks];
  for (const [endpoint, checks] of [
    ['healthz', all],
    ['livez', livenessChecks],
    ['readyz', all],
  ] as const) {
    server.get<{ Querystring: Record<string, string | string[]> }>(`/${endpoint}`, async (request, reply) => {
      const excluded = new Set([request.query.exclude ?? []].flat());
      const report = await reportHealth(endpoint, checks, { isVerbose: 'verbose' in request.query, excluded });
      return sendHealth(reply, report);
    });
    for (const check of checks) {
      server.get(`/${endpoint}/${check.name}`, async (_request, reply) =>
        sendHealth(reply, await reportHealth(endpoint, [check], { isVerbose: false, excluded: new Set() })),
      );
    }
  }
}

function sendHealth(reply: FastifyReply, { isHealthy, text }: { isHealthy: boolean; text: string }): FastifyReply {
  reply
    .code(isHealthy ? 200 : 500)
    .type('text/plain; charset=utf-8')
    .header('x-content-type-options', 'nosniff');
  return reply.header('cache-control', 'no-cache, private').send(text);
}

function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply
    .type('application/json')
    .header('cache-control', 'no-store')
    .send(`${JSON.stringify(value, null, 2)}\n`);
}

function refuseStrangers(request: FastifyRequest, ownNames: ReadonlySet<string>): void {
  if (!isTrustedHost(request.headers.host, ownNames)) {
    const message = `the admin port does not answer for host "${request.headers.host ?? ''}"; ask it by IP address or as localhost`;
    throw new StatusError(status('Forbidden', message));
  }
  if (request.method !== 'GET' && !request.url.startsWith('/outbox/')) throw methodNotAllowed(request.method);
}

function methodNotAllowed(method: string): StatusError {
  return new StatusError(status('MethodNotAllowed', `the admin port takes no ${method} there`));
}

function sendStatus(reply: FastifyReply, error: unknown): FastifyReply {
  const answer = statusOf(error);
  if (answer.code === 405) reply.header('allow', 'GET');
  if (answer.code === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(answer.code)
    .type('application/json')
    .send(`${JSON.stringify(answer)}\n`);
}

/** Fastify's own refusals (a malformed URL, a header too long) are the caller's fault; the rest goes the usual way. */
function statusOf(error: unknown): Status {
  const isRefusal =
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500;
  return isRefusal && !(error instanceof StatusError) ? badRequest(error.message).status : toStatus(error);
}
