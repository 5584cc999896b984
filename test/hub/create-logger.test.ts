import test from 'ava';
import { createLogger } from '../../src/hub/create-logger.ts';
import { logText } from '../../src/hub/log-text.ts';

function logged(format: 'json' | 'text', work: (log: ReturnType<typeof createLogger>) => void): string {
  const lines: string[] = [];
  work(createLogger({ logLevel: 'info', logFormat: format }, (line) => lines.push(line)));
  return lines.join('');
}

test('no token, key or body reaches the log, whoever logs it', (t) => {
  const secret = 'hunter2';
  for (const format of ['json', 'text'] as const) {
    const text = logged(format, (log) => {
      log.info({ token: secret, event: 'x' }, 'one');
      log.warn({ headers: { authorization: `Bearer ${secret}`, cookie: secret, accept: 'a' } }, 'two');
      log.error(
        { request: { headers: { 'proxy-authorization': secret } }, credential: { token: secret, privateKey: secret } },
        'three',
      );
      log.child({ body: secret }).info('four');
    });
    t.false(text.includes(secret), text);
    t.regex(text, /four/);
  }
});

test('lines below the level wanted are not written', (t) => {
  t.is(
    logged('json', (log) => log.debug('quiet')),
    '',
  );
});

test('a JSON line has its time, level as a word, event and message', (t) => {
  const record = JSON.parse(
    logged('json', (log) => log.info({ event: 'link.changed', to: 'offline' }, 'the link is down')),
  );
  t.like(record, { level: 'info', event: 'link.changed', to: 'offline', msg: 'the link is down' });
  t.regex(record.time, /^\d{4}-\d\d-\d\dT/);
});

test('a text line reads from left to right: time, level, event, message, facts', (t) => {
  const line =
    '{"level":"info","time":"2026-11-21T10:02:03.456Z","event":"link.changed","from":"online","because":"no answer","msg":"link down"}\n';
  t.is(logText(line), '10:02:03.456 INFO   link.changed  link down  from=online because="no answer"\n');
  t.is(logText('not json\n'), 'not json\n');
  t.regex(
    logged('text', (log) => log.error({ error: Object.assign(new Error('boom'), { code: 'E1' }) }, 'failed')),
    /failed {2}error="boom \(E1\)"\n$/,
  );
});
