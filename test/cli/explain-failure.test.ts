import { mkdir } from 'node:fs/promises';
import test from 'ava';
import { explainFailure } from '../../src/cli/explain-failure.ts';
import { CniError } from '../../src/ipam/cni/cni-error.ts';

const caught = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('did not fail');
};

test('a missing or forbidden path is named', async (t) => {
  t.is(explainFailure(await caught(() => mkdir('/nowhere/at/all'))), 'there is no /nowhere/at/all');
  t.regex(
    explainFailure(await caught(() => mkdir('/etc/passwd'))),
    /^\/etc\/passwd cannot be a directory: .* --data-dir$/,
  );
  const denied = Object.assign(new Error('x'), { code: 'EACCES', syscall: 'open', path: '/var/lib/holdfast' });
  t.regex(explainFailure(denied), /^no permission for \/var\/lib\/holdfast; run as its owner .* --data-dir/);
});

test('of an error of ours its message is said alone: what the system said about it is in the debug log', (t) => {
  const cause = new Error('ENOENT: no such file or directory');
  const ours = Object.assign(new Error('the file x does not exist: check the path', { cause }), {
    code: 'HOLDFAST_KUBECONFIG_MISSING',
  });
  t.is(explainFailure(ours), 'the file x does not exist: check the path');
});

test('an error that nobody foresaw keeps its message and its cause, said once', (t) => {
  t.is(explainFailure(new Error('a', { cause: new Error('b') })), 'a: b');
  t.is(explainFailure(new Error('a.', { cause: new Error('b') })), 'a: b');
  t.is(explainFailure(new Error('a: b', { cause: new Error('b') })), 'a: b');
  t.is(explainFailure('odd'), 'odd');
});

test('a directory of addresses that may not be read is root’s; of any other trouble its own words count', (t) => {
  const cause = Object.assign(new Error('EACCES: denied'), { code: 'EACCES' });
  const denied = new CniError(999, 'cannot use /d: EACCES: denied', { details: 'nothing was given out', cause });
  t.is(explainFailure(denied), 'cannot use /d: EACCES: denied; run this as root');
  t.is(explainFailure(new CniError(999, 'cannot use /d', { details: 'it is full' })), 'cannot use /d: it is full');
  t.is(explainFailure(new CniError(11, 'the lock was not to be had')), 'the lock was not to be had');
});
