// URL and method become a RequestInfo; a path that could mean two things to two servers is refused here.
import { parseRequestInfo } from '../../apimachinery/request-info.ts';
import type { Handler } from '../exchange.ts';

export function parseRequest(): Handler {
  return (exchange, next) => {
    const { request } = exchange;
    exchange.info = parseRequestInfo(request.method ?? 'GET', request.url ?? '/');
    return next();
  };
}
