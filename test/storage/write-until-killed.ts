// Writes numbered records until it is killed, and says each number once it was acknowledged.
//   node write-until-killed.ts <directory>
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { openRecords } from '../../storage/records.ts';

const complain = (what: unknown): void => {
  writeSync(1, `complaint ${JSON.stringify(what)}\n`);
};
const records = await openRecords({
  directory: process.argv[2]!,
  key: undefined,
  clock: systemClock,
  onDamage: complain,
  onHealth: complain,
});

let next = 0;
for await (const page of records.load('observed')) for (const { key } of page) next = Math.max(next, Number(key) + 1);

for (;;) {
  const numbers = Array.from({ length: 1 + (next % 5) }, () => next++);
  await Promise.all(
    numbers.map((number) => {
      const value = randomBytes(200 + (number % 1800));
      return records.write(
        [
          { type: 'put', space: 'observed', key: String(number), value },
          { type: 'put', space: 'object', key: String(number % 50), value: Buffer.from(`newest is ${number}`) },
        ],
        { sync: number % 16 === 0 },
      );
    }),
  );
  // The kernel has the line when this returns, as it has the record.
  writeSync(1, `${next - 1}\n`);
}
