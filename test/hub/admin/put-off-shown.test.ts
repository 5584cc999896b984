// Why a write still waits that was tried: said where people look.
import test from 'ava';
import { outboxFigures } from '../../../src/hub/outbox-figures.ts';
import { createAdminPort } from '../../support/admin-port.ts';

test('a write that the cloud puts off says why, how often it was tried, and when it is next', async (t) => {
  const { stage, server, secret } = await createAdminPort(t);
  const ask = async (url: string) => {
    const headers = { host: '127.0.0.1:10267', authorization: `Bearer ${secret}` };
    return (await server.inject({ url, headers })).json();
  };
  stage.cloud.refuse = ({ path }) =>
    path.includes('configmaps') || path.includes('secrets')
      ? { code: 503, message: 'the webhook hunter2 is away' }
      : undefined;
  stage.link.set(false);
  await stage.create('late', { a: '1' });
  await stage.create('key', { password: 'aHVudGVyMg==' }, 'secrets');
  const entryOf = (name: string) => stage.writes.outbox.entries.find(({ target }) => target.name === name)!.sequence;
  stage.link.set(true);
  await stage.until(() => (stage.writes.triedOf(entryOf('key'))?.tries ?? 0) >= 2);

  const { entries } = await ask('/outbox');
  const shown = entries.find(({ name }: { name: string }) => name === 'late').tried;
  t.like(shown, { code: 503, reason: 'the cloud answered 503: the webhook hunter2 is away' });
  t.true(shown.tries >= 1);
  t.true(shown.nextInSeconds >= 0);
  t.regex(shown.lastAt, /^\d{4}-.*Z$/);
  t.deepEqual((await ask(`/outbox/${entryOf('late')}`)).tried.reason, shown.reason);
  const hidden = entries.find(({ name }: { name: string }) => name === 'key').tried;
  t.is(hidden.reason, 'the cloud answered 503', 'a value of a Secret might stand in it');
  const { putOff } = outboxFigures(stage.writes, 0);
  t.deepEqual(putOff, { entries: 2, reason: shown.reason });

  stage.link.set(false);
  await stage.until(() => stage.writes.triedOf(entryOf('late'))?.nextInMs === undefined);
  t.is((await ask(`/outbox/${entryOf('late')}`)).tried.nextInSeconds, null);
  stage.cloud.refuse = () => undefined;
  await stage.heal();
  t.is(outboxFigures(stage.writes, 0).putOff, null);
});
