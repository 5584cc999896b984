// No route of the hub has a schema. Told so, fastify does not load its schema compilers: 10 MB and 60 ms at a start.
import type { FastifyServerOptions } from 'fastify';

const neverCompiled = (): never => {
  throw new Error('no route has a schema');
};

export const noSchemas = {
  compilersFactory: { buildValidator: neverCompiled, buildSerializer: neverCompiled },
} satisfies FastifyServerOptions['schemaController'];
