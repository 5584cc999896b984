// A test that needs a whole node: where none can be run it is skipped, and says why.
import test, { type ImplementationFn } from 'ava';
import { nodeUnavailable } from './requirements.ts';

const reason = nodeUnavailable();
if (reason !== undefined) console.log(`tests of a whole node are skipped: ${reason}`);

/** As `test.serial`, with patience for a slow machine. */
export function onNode(title: string, run: ImplementationFn<[]>): void {
  if (reason !== undefined) {
    test.skip(title, run);
    return;
  }
  test.serial(title, (t) => {
    t.timeout(300_000, 'a whole node');
    return run(t);
  });
}
