// The hub's part in keeping addresses, over a real directory, with pods, sandboxes and machine in the hands of the test.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionContext, default as test } from 'ava';
import { AddressKeeping } from '../../../src/hub/ipam/address-keeping.ts';
import { CriError } from '../../../src/hub/ipam/cri/cri-error.ts';
import type { KnownPod } from '../../../src/hub/ipam/pod-knowledge.ts';
import { CniError, cniErrorCode } from '../../../src/ipam/cni/cni-error.ts';
import { parseNetworkConfigLeniently } from '../../../src/ipam/cni/network-config.ts';
import { diskAccess } from '../../../src/ipam/directory/disk-access.ts';
import type { CachedAttachment, Facts } from '../../../src/ipam/directory/facts.ts';
import type { DirectoryAccess } from '../../../src/ipam/directory/network-directory.ts';
import { openRetention, type Retention } from '../../../src/ipam/directory/retention.ts';
import { createVerbs } from '../../../src/ipam/directory/verbs.ts';
import { youngestLeakMs } from '../../../src/ipam/verdict/leaked-addresses.ts';
import { settledAfterMs } from '../../../src/ipam/verdict/verdict.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';

const network = 'edge-pods';
const nodeName = 'edge-1';
const startMs = Date.parse('2026-11-22T03:00:00Z');

class Stage {
  readonly directory: string;
  readonly retention: Retention;
  readonly keeping: AddressKeeping;
  readonly log: string[] = [];
  readonly cached = new Map<string, CachedAttachment>();
  readonly alive = new Set<string>();
  readonly deleted = new Map<string, KnownPod>();
  pods: KnownPod[] | undefined = [];
  followedForMs: number | undefined = settledAfterMs;
  sandboxes: ReadonlySet<string> | Error = new Set();
  /** In what order it was asked. */
  readonly asked: string[] = [];
  now = 0;
  /** Happens while a verdict is written. */
  meanwhile = (): void => {};
  /** No verdict on it can be written now. */
  locked = '';
  readonly #access: DirectoryAccess;

  constructor(t: ExecutionContext) {
    this.directory = temporaryDirectory(t);
    const facts = (): Facts => ({
      bootId: '0b00-1',
      uptimeMs: 3_600_000,
      nowMs: startMs + this.now,
      netnsLiveness: (path) => (path === '' ? 'unknown' : this.alive.has(path) ? 'alive' : 'dead'),
      cachedAttachment: (_network, containerId, ifname) =>
        ifname === 'eth0' ? this.cached.get(containerId) : undefined,
    });
    this.#access = diskAccess(facts, (line) => this.log.push(line));
    this.retention = openRetention(this.#access, { dataDir: this.directory, lockTimeoutMs: 30_000 });
    const stage = this;
    this.keeping = new AddressKeeping({
      retention: {
        ...this.retention,
        applyVerdict: (name, revision, verdict) => {
          if (revision.address === this.locked) throw new CniError(cniErrorCode.tryAgainLater, 'it is locked');
          this.meanwhile();
          return this.retention.applyVerdict(name, revision, verdict);
        },
        expire: (name) => {
          this.asked.push('lock');
          return this.retention.expire(name);
        },
        snapshot: (name) => {
          this.asked.push('addresses');
          return this.retention.snapshot(name);
        },
      },
      pods: {
        get own() {
          return stage.pods;
        },
        resourceVersion: '7',
        evidence: () => {
          this.asked.push('pods');
          return {
            nodeName,
            followedForMs: this.followedForMs,
            pods: this.pods && {
              get: (namespace, name) => this.pods?.find((one) => one.namespace === namespace && one.name === name),
              deletedHere: (namespace, name) => this.deleted.get(`${namespace}/${name}`),
            },
          };
        },
      },
      facts,
      sandboxes: async () => {
        this.asked.push('sandboxes');
        if (this.sandboxes instanceof Error) throw this.sandboxes;
        return this.sandboxes;
      },
      now: () => this.now,
      events: {
        judged: (_network, { address }, { says }) => this.log.push(`${address} ${says}`),
        adopted: (_network, address, pod) => this.log.push(`${address} adopted for ${pod}`),
        reclaimed: (_network, { address }) => this.log.push(`${address} reclaimed`),
        expired: (_network, addresses) => this.log.push(`${addresses} expired`),
      },
    });
  }

  /** As plain host-local would, with what libcni notes of it. */
  give(address: string, containerId: string, name = '', content = `${containerId}\r\neth0`): void {
    mkdirSync(join(this.directory, network), { recursive: true });
    writeFileSync(join(this.directory, network, address), content);
    const netns = `/run/netns/${containerId}`;
    this.alive.add(netns);
    const pod = name === '' ? undefined : { namespace: 'shop', name, uid: `uid-${name}` };
    this.cached.set(containerId, { containerId, ifname: 'eth0', netns, pod });
  }

  /** The plugin's DEL. */
  end(containerId: string): void {
    const config = parseNetworkConfigLeniently({ name: network, ipam: { dataDir: this.directory } }, 'DEL');
    createVerbs(this.#access).del(config, { containerId, ifname: 'eth0', netns: '' });
  }

  /** `10.244.3.7 pinned shop/web-0 pinned` */
  get records(): readonly string[] {
    return [...this.retention.snapshot(network).records.values()].map(
      ({ address, state, namespace, name, verdict }) =>
        `${address} ${state} ${namespace}/${name} ${verdict?.says ?? '-'}`,
    );
  }

  get held(): readonly string[] {
    return [...this.retention.snapshot(network).reservations.keys()];
  }
}

function pod(name: string, addresses: readonly string[] = [], more: Partial<KnownPod> = {}): KnownPod {
  const uid = `uid-${name}`;
  const state = { uid, isOnHostNetwork: false, addresses, isReady: true, isLeaving: false, hasEnded: false };
  const fact = { namespace: 'shop', name, uid, nodeName, hasEnded: false, isLeaving: false };
  return { ...fact, ownerKind: 'renaming', state, ...more };
}

const signal = new AbortController().signal;

test('addresses that host-local gave out are kept for the pods that the runtime names, and judged', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  stage.give('10.244.3.8', 'c2', 'gone');
  stage.give('10.244.3.9', 'c3');
  stage.pods = [pod('web-0')];
  await stage.keeping.seed();
  t.deepEqual(stage.records, ['10.244.3.7 active shop/web-0 pinned', '10.244.3.8 active shop/gone released']);
  t.deepEqual(stage.held, ['10.244.3.7', '10.244.3.8', '10.244.3.9']);
  t.deepEqual({ ...stage.keeping.counts }, { active: 2, unconfirmed: 0, pinned: 0, released: 0, cooling: 0 });
});

test('a file of before host-local 0.8, which names no interface, is kept for its pod, too', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0', 'c1');
  stage.pods = [pod('web-0')];
  await stage.keeping.seed();
  t.deepEqual(stage.records, ['10.244.3.7 active shop/web-0 pinned']);
});

test('where records were lost, pods that may come back are given those that they say they have', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.9', 'c3', 'other');
  stage.followedForMs = undefined;
  const onHost = pod('agent', ['192.0.2.17']);
  stage.pods = [
    pod('web-0', ['10.244.3.7', 'fd00::7']),
    pod('done', ['10.244.3.8'], { hasEnded: true }),
    pod('late', ['10.244.3.9']),
    { ...onHost, state: { ...onHost.state, isOnHostNetwork: true } },
  ];
  await stage.keeping.seed();
  t.deepEqual([...stage.records].sort(), [
    '10.244.3.7 pinned shop/web-0 pinned',
    '10.244.3.9 active shop/other -',
    'fd00::7 pinned shop/web-0 pinned',
  ]);
});

test('a verdict is given once, and again when it is another', async (t) => {
  const stage = new Stage(t);
  stage.pods = [pod('web-0', ['10.244.3.7'])];
  stage.give('10.244.3.20', 'c9');
  await stage.keeping.seed();
  await stage.keeping.judge();
  t.deepEqual(stage.log, ['10.244.3.7 adopted for shop/web-0', '10.244.3.7 pinned']);
  stage.pods = [];
  stage.followedForMs = undefined;
  await stage.keeping.judge();
  t.is(stage.log.length, 2, 'the cloud is away, and nobody has said that it is gone');
  stage.deleted.set('shop/web-0', pod('web-0'));
  await stage.keeping.judge();
  t.deepEqual(stage.log.slice(2), ['10.244.3.7 released']);
  t.deepEqual(stage.records, ['10.244.3.7 cooling shop/web-0 released']);
});

test('a pod that has lost its sandbox and is still there has its address pinned again', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  stage.pods = [pod('web-0')];
  await stage.keeping.seed();
  stage.end('c1');
  t.deepEqual(stage.records, ['10.244.3.7 unconfirmed shop/web-0 pinned']);
  await stage.keeping.judge();
  t.deepEqual(stage.records, ['10.244.3.7 pinned shop/web-0 pinned']);
  const { length } = stage.log;
  await stage.keeping.judge();
  t.is(stage.log.length, length, 'nothing is left to say');
});

test('when all that was known of pods is thrown away, no other address is judged by it', async (t) => {
  const stage = new Stage(t);
  for (const [address, id] of [
    ['10.244.3.7', 'c1'],
    ['10.244.3.8', 'c2'],
    ['10.244.3.9', 'c3'],
  ] as const)
    stage.give(address, id, `web-${id}`);
  stage.pods = [pod('web-c1'), pod('web-c2'), pod('web-c3')];
  stage.meanwhile = () => {
    stage.pods = undefined;
  };
  await stage.keeping.seed();
  t.is(stage.records.filter((one) => one.endsWith(' pinned')).length, 1);
  t.is(stage.records.filter((one) => one.endsWith(' -')).length, 2, String(stage.log));
});

test('without a list of pods nothing is judged', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  stage.pods = undefined;
  await stage.keeping.seed();
  t.deepEqual(stage.records, ['10.244.3.7 active shop/web-0 -']);
});

test('what an operator has pinned is not judged', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  await stage.keeping.seed();
  stage.retention.pin(network, '10.244.3.7');
  const before = stage.log.length;
  await stage.keeping.judge();
  t.is(stage.log.length, before);
  t.deepEqual(stage.records, ['10.244.3.7 active shop/web-0 pinned']);
});

test('addresses are read before pods, and pods before sandboxes', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  await stage.keeping.seed();
  stage.asked.length = 0;
  await stage.keeping.judge();
  t.deepEqual(stage.asked, ['addresses', 'pods']);
  stage.asked.length = 0;
  await stage.keeping.reclaim(signal);
  t.is(stage.asked[0], 'addresses');
  t.is(stage.asked.at(-1), 'sandboxes');
});

test('a leaked address is free again once it was seen without its sandbox for two minutes', async (t) => {
  const stage = new Stage(t);
  for (const [address, id] of [
    ['10.244.3.7', 'leaked'],
    ['10.244.3.8', 'listed'],
    ['10.244.3.9', 'alive'],
  ] as const)
    stage.give(address, id, id);
  await stage.keeping.seed();
  stage.alive.clear();
  stage.alive.add('/run/netns/alive');
  stage.sandboxes = new Set(['listed']);
  for (const now of [0, youngestLeakMs]) {
    stage.now = now;
    await stage.keeping.reclaim(signal);
    t.is(stage.held.length, 3);
  }
  stage.now = youngestLeakMs + 1;
  stage.sandboxes = new CriError('it is not there');
  await t.throwsAsync(stage.keeping.reclaim(signal), { instanceOf: CriError });
  t.is(stage.held.length, 3, 'the runtime did not say');
  stage.sandboxes = new Set(['listed']);
  const { pods } = stage;
  stage.pods = undefined;
  await stage.keeping.reclaim(signal);
  t.is(stage.held.length, 3, 'pods are not known');
  stage.pods = pods;
  await stage.keeping.reclaim(signal);
  t.deepEqual([...stage.held].sort(), ['10.244.3.8', '10.244.3.9']);
  t.true(stage.log.includes('10.244.3.7 reclaimed'));
});

test('for waits that are not over no lock is asked, and what nobody has come back for is free', async (t) => {
  const stage = new Stage(t);
  stage.pods = [pod('web-0', ['10.244.3.7'])];
  stage.give('10.244.3.20', 'c9');
  await stage.keeping.seed();
  stage.pods = [];
  await stage.keeping.judge();
  t.deepEqual(stage.records, ['10.244.3.7 cooling shop/web-0 released']);
  stage.now = 59_999;
  await stage.keeping.reclaim(signal);
  t.false(stage.asked.includes('lock'));
  stage.now = 60_000;
  await stage.keeping.reclaim(signal);
  t.deepEqual(stage.records, []);
  t.is(stage.log.at(-1), '10.244.3.7 expired');
});

test('an address that was given to another sandbox since is as young as that', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  await stage.keeping.reclaim(signal);
  stage.now = youngestLeakMs + 1;
  stage.give('10.244.3.7', 'c2', 'web-0');
  stage.alive.clear();
  await stage.keeping.reclaim(signal);
  t.deepEqual(stage.held, ['10.244.3.7']);
});

test('a verdict that cannot be written now keeps no other from being written, and is told', async (t) => {
  const stage = new Stage(t);
  stage.give('10.244.3.7', 'c1', 'web-0');
  stage.give('10.244.3.8', 'c2', 'web-1');
  stage.pods = [pod('web-0'), pod('web-1')];
  stage.locked = '10.244.3.7';
  await t.throwsAsync(stage.keeping.seed(), { message: 'it is locked' });
  t.deepEqual(stage.records, ['10.244.3.7 active shop/web-0 -', '10.244.3.8 active shop/web-1 pinned']);
  stage.locked = '';
  await stage.keeping.judge();
  t.deepEqual(stage.records[0], '10.244.3.7 active shop/web-0 pinned');
});
