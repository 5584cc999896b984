import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { mustBeWritable, nearestDirectory } from '../../src/hub/writable-place.ts';
import { temporaryDirectory } from '../storage/temporary-directory.ts';

test('of a place that is not there yet, the nearest directory that is there counts', async (t) => {
  const directory = temporaryDirectory(t);
  t.is(await nearestDirectory(join(directory, 'a', 'b')), directory);
  t.is(await nearestDirectory('/nowhere'), '/');
  await t.notThrowsAsync(mustBeWritable(join(directory, 'a', 'b'), 1));
});

test('what is in the way is named', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'file');
  writeFileSync(file, '');
  const inTheWay = await t.throwsAsync(mustBeWritable(join(file, 'a')), { code: 'ENOTDIR' });
  t.is((inTheWay as NodeJS.ErrnoException).path, join(file, 'a'));
  const full = await t.throwsAsync(mustBeWritable(join(directory, 'a'), Number.MAX_SAFE_INTEGER), { code: 'ENOSPC' });
  t.is((full as NodeJS.ErrnoException).path, directory);
});

test('a file system that takes no writes is said to be that, by what takes place first', async (t) => {
  try {
    await mustBeWritable('/sys/fs/holdfast');
    t.log('not run: /sys is writable here');
    t.pass();
  } catch (error) {
    t.regex(String((error as NodeJS.ErrnoException).code), /^(EROFS|EACCES|ENOSPC)$/);
  }
});
