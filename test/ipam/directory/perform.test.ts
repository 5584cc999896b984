import test from 'ava';
import fc from 'fast-check';
import { CniError } from '../../../src/ipam/cni/cni-error.ts';
import { dataDir, IpamNode, network, range } from '../../support/ipam-node.ts';

const podA = (n: number) => ({ pod: 'a', containerId: `a${n}` });
const podB = (n: number) => ({ pod: 'b', containerId: `b${n}` });

/** All but the audit log, which no verb waits for. */
const files = (node: IpamNode): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    node.disk
      .paths()
      .filter((path) => !path.includes('audit.jsonl'))
      .map((path) => [path, node.disk.text(path)]),
  );

/** Two families, one pod that holds and one that has gone. */
function prepared(): IpamNode {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/29')], [range('fd00::/125')]];
  node.add(podA(1));
  node.add(podB(1));
  node.del(podB(1));
  return node;
}

const verbs: Readonly<Record<string, (node: IpamNode) => unknown>> = {
  'a fresh ADD': (node) => node.add({ pod: 'c', containerId: 'c1' }),
  'an ADD that comes back': (node) => node.add(podB(2)),
  'a GC': (node) => node.gc([]),
  'a release by force': (node) => node.retention.release(network, '10.0.0.2', { force: true }),
  'a take-over': (node) => {
    node.liveNetns.clear();
    return node.add(podA(2));
  },
};

for (const [name, verb] of Object.entries(verbs)) {
  test(`whatever the disk refuses in ${name}, it is all done or the directory is as before`, (t) => {
    const { disk } = prepared();
    disk.settle();
    verb(prepared());
    let refused = 0;
    let done = 0;
    for (let after = 0; after < 60; after++) {
      const node = prepared();
      const before = files(node);
      node.disk.failAfter(after, 'ENOSPC');
      const error = (() => {
        try {
          verb(node);
          return undefined;
        } catch (thrown) {
          return thrown;
        }
      })();
      node.disk.revive();
      if (error === undefined) {
        done++;
        continue;
      }
      refused++;
      t.true(error instanceof CniError);
      t.regex((error as CniError).message, /^cannot use \/networks\/pods: ENOSPC/);
      t.not((error as CniError).cause, undefined);
      t.not((error as CniError).details, '');
      t.deepEqual(files(node), before, `after ${after} operations`);
    }
    t.true(refused >= 4 && done > 10, `${refused} refused, ${done} done`);
  });
}

test('on a disk that is full nothing is given out, and a DEL frees all the same what stays kept for its pod', (t) => {
  const node = prepared();
  node.reboot();
  node.disk.isFull = true;
  t.throws(() => node.add(podB(2)), { instanceOf: CniError, message: /ENOSPC/ });
  node.del(podA(1));
  t.deepEqual(node.held(), {});
  t.deepEqual(node.kept(), {
    '10.0.0.2': 'a unconfirmed',
    '10.0.0.3': 'b unconfirmed',
    'fd00::2': 'a unconfirmed',
    'fd00::3': 'b unconfirmed',
  });
  t.true(
    node.said.some((line) => /^freed, .*ENOSPC/.test(line)),
    String(node.said),
  );
  node.disk.isFull = false;
  t.deepEqual(node.add(podB(2)), ['10.0.0.3', 'fd00::3']);
  t.deepEqual(node.add(podA(2)), ['10.0.0.2', 'fd00::2']);
});

test('whatever the disk refuses in a DEL, it has freed its own, or the directory is as before and it says why', (t) => {
  let freed = 0;
  for (let after = 0; after < 30; after++) {
    const node = prepared();
    const before = files(node);
    node.disk.failAfter(after, 'EIO');
    try {
      node.del(podA(1));
      t.deepEqual(node.held(), {}, `after ${after} operations`);
      freed++;
    } catch (error) {
      t.true(error instanceof CniError);
      node.disk.revive();
      t.deepEqual(files(node), before, `after ${after} operations`);
    }
    node.disk.revive();
    t.is(node.kept()['10.0.0.2'], Object.keys(node.held()).length === 0 ? 'a unconfirmed' : 'a active');
  }
  t.is(freed, 30);
});

test('another that was quicker makes it be planned again, and nothing is left of the first try', (t) => {
  const node = prepared();
  node.isLocking = false;
  let times = 0;
  const { link } = node.disk;
  node.disk.link = (existing, name) => {
    // host-local takes the address in the very moment before, twice
    if (times++ < 2) node.disk.put(name, `stranger${times}\r\neth0`);
    return link.call(node.disk, existing, name);
  };
  const given = node.add({ pod: 'c', containerId: 'c1' });
  t.deepEqual(given, ['10.0.0.6', 'fd00::4']);
  t.deepEqual(node.held(), {
    '10.0.0.2': 'a1',
    '10.0.0.4': 'stranger1',
    '10.0.0.5': 'stranger2',
    '10.0.0.6': 'c1',
    'fd00::2': 'a1',
    'fd00::4': 'c1',
  });
  t.deepEqual(Object.keys(node.kept()).sort(), ['10.0.0.2', '10.0.0.3', '10.0.0.6', 'fd00::2', 'fd00::3', 'fd00::4']);
});

test('one that is never let in is told to come back, and holds nothing', (t) => {
  const node = prepared();
  const before = node.held();
  node.disk.link = () => false;
  t.throws(() => node.add({ pod: 'c', containerId: 'c1' }), { instanceOf: CniError, code: 11 });
  t.deepEqual(node.held(), before);
});

test('a file of host-local’s comes into being whole: no prefix of a verb’s operations has an empty one', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(verbs)), fc.nat({ max: 40 }), (verb, after) => {
      const node = prepared();
      node.disk.killAfter(after);
      try {
        verb(node);
      } catch (error) {
        t.true(error instanceof CniError);
      }
      for (const path of node.disk.paths().filter((one) => one.startsWith(`${dataDir}/${network}/`))) {
        t.regex(node.disk.text(path) ?? '', /^(\w+\r\neth0|[0-9a-f.:]+)$/, path);
      }
    }),
  );
});
