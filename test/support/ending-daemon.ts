// A daemon that does nothing, for the test of how daemons end: `node ending-daemon.ts ending|failing|hanging`.
// Its clock moves a minute with every look, so that a second signal always counts as another one when asked to.
import { untilSignalled } from '../../src/cli/until-signalled.ts';

const [kind, clock] = process.argv.slice(2);
let nowMs = 0;
const terminal = {
  complain: (text: string) => console.log(text),
  now() {
    if (clock === 'moving') nowMs += 60_000;
    return new Date(nowMs);
  },
};
const alive = setInterval(() => {}, 60_000);

process.exitCode = await untilSignalled(async (signal) => {
  if (kind === 'failing') throw new Error('cannot start');
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  console.log('running');
  await aborted;
  console.log('ending');
  if (kind === 'hanging') await new Promise(() => {});
  if (kind === 'breaking') throw new Error('could not flush');
  await new Promise<void>((resolve) => setImmediate(resolve));
}, terminal);
clearInterval(alive);
