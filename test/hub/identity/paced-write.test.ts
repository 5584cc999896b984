import test from 'ava';
import { PacedWrite } from '../../../src/hub/identity/paced-write.ts';
import { ManualTiming } from '../../support/manual-timing.ts';

test('the first change is written at once, those that follow together, and at the end what is owed', async (t) => {
  const timing = new ManualTiming();
  let writes = 0;
  const write = (): void => {
    writes += 1;
  };
  const paced = new PacedWrite({ write, everyMs: 5000, timing });
  const changeOften = (): void => {
    for (let change = 0; change < 1000; change += 1) paced.changed();
  };
  changeOften();
  t.is(writes, 1);
  t.is(await timing.wake(), 5000);
  await timing.asleep();
  t.is(writes, 2);
  changeOften();
  t.is(writes, 2);
  paced.close();
  t.is(writes, 3);
  paced.changed();
  t.is(writes, 4, 'nothing is kept back for later when there is none');
});
