import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Clock, systemClock } from '../../../src/apimachinery/clock.ts';
import {
  CertificateFiles,
  type CertificateFilesOptions,
  fileFingerprint,
} from '../../../src/hub/upstream/certificate-files.ts';
import { ManualClock } from '../../support/manual-clock.ts';

async function temporaryDirectory(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

async function watching(t: ExecutionContext, options: Partial<CertificateFilesOptions> & { paths: string[] }) {
  const fingerprints = options.paths.map(async (path) => [path, await fileFingerprint(path)] as const);
  const events: string[] = [];
  const waiting: (() => void)[] = [];
  const note = (event: string): void => {
    events.push(event);
    for (const wake of waiting.splice(0)) wake();
  };
  const files = CertificateFiles.watch({
    files: new Map(await Promise.all(fingerprints)),
    clock: systemClock,
    debounceMs: 20,
    reload: () => {},
    onReloaded: () => note('reloaded'),
    onRejected: (error) => note(`rejected ${(error as Error).message}`),
    ...options,
  });
  // Neither watches nor timers keep a process alive; the daemon's ports do.
  const alive = setInterval(() => {}, 1000);
  t.teardown(() => {
    clearInterval(alive);
    files.close();
  });
  const nextEvent = () => new Promise<void>((resolve) => waiting.push(resolve));
  return { files, events, nextEvent };
}

test('a file that is written anew is taken over, once for one change', async (t) => {
  const path = join(await temporaryDirectory(t), 'client.crt');
  await writeFile(path, 'old');
  const { events, nextEvent } = await watching(t, { paths: [path] });
  const changed = nextEvent();
  await writeFile(path, 'new one');
  await changed;
  t.deepEqual(events, ['reloaded']);
});

test('a file that is replaced between being read and being watched is taken over', async (t) => {
  const path = join(await temporaryDirectory(t), 'client.crt');
  await writeFile(path, 'old');
  const asRead = new Map([[path, await fileFingerprint(path)]]);
  await writeFile(path, 'new one');
  // No notification will come for this, and no poll either.
  const { nextEvent, events } = await watching(t, { paths: [path], files: asRead, clock: new ManualClock() });
  await nextEvent();
  t.deepEqual(events, ['reloaded']);
});

test('a file that is replaced by rename, and a symlink that points elsewhere, are noticed', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'kubelet-client-current.pem');
  await writeFile(join(directory, '1.pem'), 'one');
  await writeFile(join(directory, '2.pem'), 'two');
  await symlink(join(directory, '1.pem'), path);
  const { events, nextEvent } = await watching(t, { paths: [path] });
  let changed = nextEvent();
  await symlink(join(directory, '2.pem'), join(directory, 'next'));
  await rename(join(directory, 'next'), path);
  await changed;
  changed = nextEvent();
  await writeFile(join(directory, 'whole'), 'three');
  await rename(join(directory, 'whole'), path);
  await changed;
  t.deepEqual(events, ['reloaded', 'reloaded']);
});

test('what cannot be used is reported once; the next change is tried again', async (t) => {
  const directory = await temporaryDirectory(t);
  const [cert, key] = [join(directory, 'crt'), join(directory, 'key')] as const;
  await writeFile(cert, 'a');
  await writeFile(key, 'a');
  let isWhole = false;
  const { events, nextEvent } = await watching(t, {
    paths: [cert, key],
    reload: () => {
      if (!isWhole) throw new Error('not its key');
    },
  });
  let changed = nextEvent();
  await writeFile(cert, 'bb');
  await changed;
  t.deepEqual(events, ['rejected not its key']);
  changed = nextEvent();
  isWhole = true;
  await writeFile(key, 'bb');
  await changed;
  t.deepEqual(events, ['rejected not its key', 'reloaded']);
});

test('a change that no notification tells of is found by looking', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'missing-as-yet', 'token');
  const clock = new ManualClock();
  const { events, nextEvent } = await watching(t, { paths: [path], clock, pollMs: 30_000 });
  t.regex(events.join(), /^rejected ENOENT/); // the directory cannot be watched, and that is said
  await mkdir(join(directory, 'missing-as-yet'));
  await writeFile(path, 'token');
  const changed = nextEvent();
  clock.advance(30_000);
  await changed;
  t.is(events.at(-1), 'reloaded');
});

test('after close nothing is read any more and no timer is left', async (t) => {
  const path = join(await temporaryDirectory(t), 'crt');
  await writeFile(path, 'a');
  const clock = new ManualClock();
  const { files } = await watching(t, { paths: [path], clock, reload: () => t.fail() });
  files.close();
  await writeFile(path, 'bb');
  clock.advance(100_000);
  t.is(clock.pendingTimers, 0);
});

test('a change is told of once, however often one looks', async (t) => {
  const path = join(await temporaryDirectory(t), 'crt');
  await writeFile(path, 'a');
  const clock = new ManualClock();
  let polls = 0;
  const counting: Clock = {
    now: () => clock.now(),
    setTimeout: (fn, ms) => {
      if (ms === 30_000) polls += 1;
      return clock.setTimeout(fn, ms);
    },
  };
  const { events } = await watching(t, {
    paths: [path],
    clock: counting,
    pollMs: 30_000,
    reload: () => {
      throw new Error('half a file');
    },
  });
  await writeFile(path, 'bb');
  for (let looks = 1; looks <= 3; looks += 1) {
    clock.advance(30_000);
    while (polls <= looks) await new Promise(setImmediate); // the next poll is set when this one is done
  }
  t.deepEqual(events, ['rejected half a file']);
});
