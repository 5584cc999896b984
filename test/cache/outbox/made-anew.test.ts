// An object that was made here gets a uid of the cloud's own when the cloud hears of it. Who goes on writing meanwhile was
// shown the one given out here, and means the same object.
import test from 'ava';
import { configMap, dataOf, maps, OwedWritesStage } from '../../support/owed-writes-stage.ts';

type Step = readonly [method: string, write: () => Promise<unknown>];

/** Each write is made when the cloud gets a request of its kind, one after the other. Resolves when all are acknowledged. */
async function whenAsked(stage: OwedWritesStage, ...steps: readonly Step[]): Promise<void> {
  const written: Promise<unknown>[] = [];
  stage.cloud.refuse = ({ method }) => {
    const [wanted, write] = steps[written.length] ?? [];
    if (method === wanted) written.push(write!());
    return undefined;
  };
  await stage.until(() => written.length === steps.length);
  await Promise.all(written);
}

for (const method of ['POST', 'GET', 'PATCH']) {
  test(`what is made here and deleted while the cloud is told of it (${method}) is gone in the end`, async (t) => {
    const stage = await OwedWritesStage.open();
    await stage.create('web', { a: '1' });
    stage.link.set(true);
    const patch = () => stage.patch('web', { data: { a: '2' } });
    const remove = () => stage.delete('web');
    if (method === 'POST') await whenAsked(stage, ['POST', remove]);
    else await whenAsked(stage, ['POST', patch], [method, remove]);
    await stage.heal();
    t.deepEqual([...stage.cloud.objects.keys()], []);
    t.deepEqual(stage.parked, []);
  });
}

test('a life that follows knows by which uid the cloud has what was made in an earlier one', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.create('web', { a: '1' });
  stage.link.set(true);
  await whenAsked(stage, ['POST', () => stage.patch('web', { data: { a: '2' } })]);
  stage.cloud.refuse = ({ method }) => (method === 'GET' ? { code: 503, message: 'not now' } : undefined);
  await stage.until(() => stage.cloud.requests.some(({ method }) => method === 'GET'));
  await stage.writes.stop();
  const next = await OwedWritesStage.open({ records: stage.records.afterCrash(), cloud: stage.cloud });
  next.cloud.refuse = () => undefined;
  await next.delete('web');
  await next.heal();
  t.deepEqual([...next.cloud.objects.keys()], []);
});

test('what the cloud had lost and was made anew for a change made here is deleted when it was deleted here', async (t) => {
  const stage = await OwedWritesStage.open({ conflict: 'edge-wins' });
  stage.cloud.put(`${maps}/web`, configMap('web', { a: '1' }));
  await stage.patch('web', { data: { a: '2' } });
  stage.cloud.objects.clear();
  stage.link.set(true);
  await whenAsked(stage, ['POST', () => stage.delete('web')]);
  await stage.heal();
  t.is(dataOf(stage.cloud, 'web'), undefined);
  t.deepEqual(stage.parked, []);
});
