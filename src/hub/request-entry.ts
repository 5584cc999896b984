// From a raw request of a listener to an exchange that runs down the pipeline, and for upgrades into the tunnel.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerStatus } from './answer.ts';
import { ClientExchange } from './client-exchange.ts';
import { toStatus } from './errors.ts';
import type { Exchange, ListenerKind } from './exchange.ts';
import type { Logger } from './logger.ts';

export type HandleRequest = (request: IncomingMessage, response: ServerResponse) => void;

export function createRequestEntry(
  run: (exchange: Exchange) => Promise<void>,
  listener: ListenerKind,
  log: Logger,
): HandleRequest {
  return (request, response) => {
    const exchange = new ClientExchange(request, response, listener);
    run(exchange).catch((error: unknown) => {
      log.error(
        { event: 'request.escaped', url: request.url, error },
        'a defect of Holdfast: an error escaped the pipeline',
      );
      if (response.headersSent) response.destroy();
      else answerStatus(exchange, toStatus(error));
    });
  };
}
