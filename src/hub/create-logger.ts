// The daemon's log: one line per change of state, each with a stable `event` field. Never a token, a key or a body:
// the fields where they could stand are struck out whoever logs them.
import { type Logger, pino, stdSerializers } from 'pino';
import { logText } from './log-text.ts';
import type { HubConfig } from './options.ts';

const secretFields = ['authorization', 'proxy-authorization', 'cookie', 'token', 'privateKey', 'password', 'body'];
const redactedPaths = secretFields.flatMap((field) => [`["${field}"]`, `*["${field}"]`, `*.*["${field}"]`]);

/** @param write takes one line with its newline; it is called in order and never for a level below the one wanted */
export function createLogger(
  { logLevel, logFormat }: Pick<HubConfig, 'logLevel' | 'logFormat'>,
  write: (line: string) => void,
): Logger {
  return pino(
    {
      level: logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause, err: stdSerializers.errWithCause },
      redact: { paths: redactedPaths, censor: '(redacted)' },
    },
    { write: logFormat === 'json' ? write : (line: string) => write(logText(line)) },
  );
}
