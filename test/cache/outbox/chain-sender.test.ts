// How a round of sending ends, above all when it ends badly.
import test from 'ava';
import { ChainSender } from '../../../src/cache/outbox/chain-sender.ts';
import type { CloudRequest } from '../../../src/cache/outbox/cloud.ts';
import { Pace } from '../../../src/cache/outbox/pace.ts';
import { ManualLink } from '../../support/manual-timing.ts';
import { madeMap } from '../../support/outbox-entries.ts';
import { openOutbox } from '../../support/outbox-stage.ts';
import { ObjectCloud } from '../../support/owed-writes-stage.ts';
import { connectionLost } from '../../support/replay-stage.ts';
import { settled } from '../../support/scripted-transport.ts';
import { VirtualTiming } from '../../support/virtual-timing.ts';

/** `a` is answered, and what comes of that waits until it is let go; then `b` is asked about, and waits for its answer. */
async function halfway() {
  const { outbox } = await openOutbox();
  for (const name of ['a', 'b', 'c']) await outbox.add(madeMap(name));
  const log: string[] = [];
  const timing = new VirtualTiming();
  const link = new ManualLink();
  const cloud = new ObjectCloud();
  const conclusionOfA = Promise.withResolvers<void>();
  const answerToB = Promise.withResolvers<void>();
  const nameIn = ({ body }: CloudRequest): string => JSON.parse(body!.toString()).metadata.name;
  const sender = new ChainSender({
    outbox,
    cloud: {
      send: async (request) => {
        if (nameIn(request) === 'b') await answerToB.promise;
        return cloud.send(request);
      },
    },
    link,
    cluster: { verify: async () => {}, doubt: () => {} },
    timing,
    newestToken: () => undefined,
    hear: ({ target }) => (target.name === 'a' ? conclusionOfA.promise : Promise.resolve()),
    events: {
      asking: () => () => {},
      done: async ({ target }) => {
        log.push(`done ${target.name}`);
      },
      parked: async () => {},
      interrupted: (error) => log.push(`interrupted: ${(error as Error).message}`),
    },
  });
  const ending = new AbortController();
  const pace = new Pace(Number.POSITIVE_INFINITY, timing);
  const round = sender.sendAll(outbox.chains, pace, ending.signal).then(
    (count) => log.push(`sent ${count}`),
    (error: Error) => log.push(`failed: ${error.message}`),
  );
  await settled();
  return { log, cloud, link, outbox, round, ending, conclusionOfA, answerToB };
}

const owed = ({ outbox }: Awaited<ReturnType<typeof halfway>>): string[] =>
  outbox.entries.map(({ target }) => target.name);

test('a round that breaks off has not failed before what the cloud has answered is concluded', async (t) => {
  const stage = await halfway();
  stage.link.set(false);
  stage.answerToB.reject(connectionLost());
  await settled();
  t.deepEqual(stage.log, [], 'another round could begin beside it');
  stage.conclusionOfA.resolve();
  await stage.round;
  t.deepEqual(stage.log, ['done a', 'failed: the connection was lost']);
  t.deepEqual(owed(stage), ['b', 'c']);
  t.is(stage.cloud.requests.length, 1, 'nothing is begun any more');
});

test('a round that is called off has not ended before what the cloud has answered is concluded', async (t) => {
  const stage = await halfway();
  stage.ending.abort(new Error('the hub is closing'));
  stage.answerToB.reject(stage.ending.signal.reason);
  await settled();
  t.deepEqual(stage.log, [], 'the disk could be closed beneath it');
  stage.conclusionOfA.resolve();
  await stage.round;
  t.deepEqual(stage.log, ['done a', 'failed: the hub is closing']);
  t.deepEqual(owed(stage), ['b', 'c']);
});

test('what goes wrong after the cloud has answered ends the round, once the others have ended', async (t) => {
  const stage = await halfway();
  stage.conclusionOfA.reject(new Error('a could not be told'));
  await settled();
  t.deepEqual(stage.log, []);
  stage.answerToB.resolve();
  await stage.round;
  t.deepEqual(stage.log, ['done b', 'failed: a could not be told']);
  t.deepEqual(owed(stage), ['a', 'c']);
});

test('what goes wrong after the cloud has answered is told also when something else had failed before', async (t) => {
  for (const isEnding of [false, true]) {
    const stage = await halfway();
    if (isEnding) stage.ending.abort(new Error('the hub is closing'));
    stage.link.set(false);
    stage.answerToB.reject(connectionLost());
    await settled();
    stage.conclusionOfA.reject(new Error('a could not be told'));
    await stage.round;
    const first = isEnding ? 'the hub is closing' : 'the connection was lost';
    t.deepEqual(stage.log, ['interrupted: a could not be told', `failed: ${first}`]);
  }
});
