// A machine whose clock was wrong when the hub started, and is set while it runs.
import { once } from 'node:events';
import { connect } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { eventually, startRunningHub } from '../../support/running-hub.ts';

const day = 24 * 3_600_000;

interface Shown {
  readonly from: number;
  readonly to: number;
}

async function shownAt(address: string): Promise<Shown> {
  const [host, port] = address.split(':') as [string, string];
  const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    const { valid_from, valid_to } = socket.getPeerCertificate();
    return { from: Date.parse(valid_from), to: Date.parse(valid_to) };
  } finally {
    socket.destroy();
  }
}

async function showsRightTimeOnceSet(t: ExecutionContext, byMs: number): Promise<void> {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.sleepThroughMs(byMs);
  const wrong = await shownAt(hub.tlsAddress);
  t.true(wrong.from > Date.now() || wrong.to < Date.now(), 'by the right time nobody takes it');
  const { startedAt } = (await hub.status()).json;
  hub.setClock(-byMs);
  await eventually(async () => {
    const { from, to } = await shownAt(hub.tlsAddress);
    return from < Date.now() && Date.now() < to;
  });
  t.is((await hub.status()).json.startedAt, startedAt, 'and was not restarted for it');
}

test('a hub that started a year ahead shows a certificate for the right time soon after the clock is set', (t) =>
  showsRightTimeOnceSet(t, 365 * day));

test('a hub that started half a century back shows one for the right time soon after the clock is set', (t) =>
  showsRightTimeOnceSet(t, -20_000 * day));
