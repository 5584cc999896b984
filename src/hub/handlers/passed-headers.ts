// What of a client's request headers goes to the cloud when the hub asks in the client's place.
import type { IncomingHttpHeaders } from 'node:http';

const passed = ['user-agent', 'x-request-id', 'traceparent', 'tracestate'];

export function passedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !(passed.includes(name) || name.startsWith('impersonate-'))) continue;
    kept[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return kept;
}
