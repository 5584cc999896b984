import test from 'ava';
import { expectNodeOnHost, readSurroundingsOf } from '../../../src/cli/ipam/host-node.ts';

test('in a container whose Node the host does not have, it is said what to give', (t) => {
  const expect = (isContainer: boolean, isOneFileSystem: boolean) => () =>
    expectNodeOnHost(undefined, '/opt/cni/bin', { isContainer, isOneFileSystem });
  t.throws(expect(true, false), {
    code: 'HOLDFAST_IPAM_NODE',
    message: /looks like a container: \/opt\/cni\/bin is the host's, .*node is not.*--copy-node.*--node PATH/,
  });
  t.notThrows(expect(false, false), 'a disk of its own for the plugins is no container');
  t.notThrows(expect(true, true), 'a root in layers, on a node that boots so, has Node and plugins in one place');
});

test('a directory beside Node is on its file system, one of the kernel is not', (t) => {
  t.true(readSurroundingsOf(process.execPath).isOneFileSystem);
  t.false(readSurroundingsOf('/proc').isOneFileSystem);
  t.true(readSurroundingsOf('/not/there').isOneFileSystem, 'what is not there is told of elsewhere');
});

test('a Node that was named has to be there, unless only the host can see it', (t) => {
  const expect = (isContainer: boolean, named: string) => () =>
    expectNodeOnHost(named, '/opt/cni/bin', { isContainer, isOneFileSystem: false });
  t.throws(expect(false, '/not/there'), {
    code: 'HOLDFAST_IPAM_NODE',
    message: /there is no \/not\/there; give --node/,
  });
  t.notThrows(expect(false, process.execPath));
  t.notThrows(expect(true, '/not/there'));
});
