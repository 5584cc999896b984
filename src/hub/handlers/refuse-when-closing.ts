// A hub that goes down takes nothing new: a client that hears so tries again and finds the next one.
import { serviceUnavailable } from '../../apimachinery/status.ts';
import type { Handler } from '../exchange.ts';
import type { Services } from '../services.ts';

export function refuseWhenClosing({ isClosing }: Pick<Services, 'isClosing'>): Handler {
  return (_exchange, next) => (isClosing() ? Promise.reject(serviceUnavailable('Holdfast is shutting down')) : next());
}
