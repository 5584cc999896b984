// How often a second this disk takes an append for good: the same bytes again and again, each followed by fdatasync.
//   node test/bench/hub/fsync-rate.ts FILE BYTES SECONDS     prints syncs per second, then the median in ms
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';

const [file = '', bytes = '4096', seconds = '2'] = process.argv.slice(2);
const payload = Buffer.alloc(Number(bytes), 'x');
const descriptor = openSync(file, 'a');
const took: number[] = [];
const until = performance.now() + Number(seconds) * 1000;
let last = performance.now();
const began = last;
while (last < until) {
  writeSync(descriptor, payload);
  fdatasyncSync(descriptor);
  const now = performance.now();
  took.push(now - last);
  last = now;
}
closeSync(descriptor);
rmSync(file);
console.log(`${(took.length / (last - began)) * 1000} ${took.sort((a, b) => a - b)[took.length >> 1]}`);
