// host-local's own cases of whole calls, 1 to 11 by their order in its tests, in every version of the specification, on a
// real directory.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseNetworkConfig } from '../../../src/ipam/cni/network-config.ts';
import { supportedVersions } from '../../../src/ipam/cni/spec-version.ts';
import { diskAccess } from '../../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../../src/ipam/directory/machine-facts.ts';
import { createVerbs } from '../../../src/ipam/directory/verbs.ts';
import { holdfastIpam } from './oracle.ts';

interface Answer {
  readonly ok: boolean;
  readonly answer: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const stage = (t: ExecutionContext, cniVersion: string) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'holdfast-conformance-'));
  t.teardown(() => rmSync(dataDir, { recursive: true }));
  const call = (
    verb: string,
    id: string,
    ipam: object,
    more: { name?: string; ifname?: string; args?: object } = {},
  ): Answer => {
    const { name = 'mynet', ifname = 'eth0', args } = more;
    const { stdout, exitCode } = holdfastIpam({
      environment: {
        CNI_COMMAND: verb,
        CNI_CONTAINERID: id,
        CNI_NETNS: '/some/where',
        CNI_IFNAME: ifname,
        CNI_PATH: '/bin',
      },
      stdin: JSON.stringify({
        cniVersion,
        name,
        type: 'ipvlan',
        master: 'foo0',
        ...(args && { args }),
        ipam: { type: 'host-local', dataDir, ...ipam },
      }),
    });
    return { ok: exitCode === 0, answer: stdout === '' ? {} : JSON.parse(stdout), text: stdout };
  };
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(join(dataDir, path), 'latin1');
    } catch {
      return undefined;
    }
  };
  return { dataDir, call, read };
};

const inEveryVersion = (title: string, run: (t: ExecutionContext, version: string) => void): void => {
  for (const version of supportedVersions) test(`host-local ${title}, ${version}`, (t) => run(t, version));
};

const isOld = (version: string): boolean => version === '0.1.0' || version === '0.2.0';

interface AnyIp {
  readonly version?: string;
  readonly address: string;
  readonly gateway: string;
}

/** In every version's form. */
const addressesOf = ({ answer }: Answer): readonly string[] => {
  const { ips, ip4, ip6 } = answer as { ips?: AnyIp[]; ip4?: { ip: string }; ip6?: { ip: string } };
  return ips?.map(({ address }) => address) ?? [ip4, ip6].flatMap((one) => (one === undefined ? [] : [one.ip]));
};

const v4 = { ranges: [[{ subnet: '10.1.2.0/24' }]] };

inEveryVersion('1: an address of each set is given out and freed', (t, version) => {
  const { call, read } = stage(t, version);
  const ipam = {
    ranges: [[{ subnet: '10.1.2.0/24' }, { subnet: '10.2.2.0/24' }], [{ subnet: '2001:db8:1::0/64' }]],
    routes: [
      { dst: '0.0.0.0/0' },
      { dst: '::/0' },
      { dst: '192.168.0.0/16', gw: '1.1.1.1' },
      { dst: '2001:db8:2::0/64', gw: '2001:db8:3::1' },
    ],
  };
  const added = call('ADD', 'dummy', ipam);
  t.true(added.ok, added.text);
  t.deepEqual(addressesOf(added), ['10.1.2.2/24', '2001:db8:1::2/64']);
  if (isOld(version)) {
    t.deepEqual(added.answer.ip4, {
      ip: '10.1.2.2/24',
      gateway: '10.1.2.1',
      routes: [{ dst: '0.0.0.0/0' }, { dst: '192.168.0.0/16', gw: '1.1.1.1' }],
    });
    t.deepEqual(added.answer.ip6, {
      ip: '2001:db8:1::2/64',
      gateway: '2001:db8:1::1',
      routes: [{ dst: '::/0' }, { dst: '2001:db8:2::/64', gw: '2001:db8:3::1' }],
    });
  } else {
    const ips = added.answer.ips as AnyIp[];
    t.deepEqual(
      ips.map(({ gateway }) => gateway),
      ['10.1.2.1', '2001:db8:1::1'],
    );
    t.deepEqual(
      ips.map((one) => one.version),
      version.startsWith('0.') ? ['4', '6'] : [undefined, undefined],
    );
    t.deepEqual(added.answer.routes, [
      { dst: '0.0.0.0/0' },
      { dst: '::/0' },
      { dst: '192.168.0.0/16', gw: '1.1.1.1' },
      { dst: '2001:db8:2::/64', gw: '2001:db8:3::1' },
    ]);
  }
  for (const address of ['10.1.2.2', '2001:db8:1::2']) t.is(read(`mynet/${address}`), 'dummy\r\neth0');
  t.is(read('mynet/last_reserved_ip.0'), '10.1.2.2');
  t.is(read('mynet/last_reserved_ip.1'), '2001:db8:1::2');
  t.true(call('DEL', 'dummy', ipam).ok);
  for (const address of ['10.1.2.2', '2001:db8:1::2']) t.is(read(`mynet/${address}`), undefined);
});

inEveryVersion('2: interfaces of one container are apart, each in its network', (t, version) => {
  const { call, read } = stage(t, version);
  const [first, second] = [v4, { ranges: [[{ subnet: '10.2.2.0/24' }]] }];
  t.deepEqual(addressesOf(call('ADD', 'dummy', first, { name: 'mynet0' })), ['10.1.2.2/24']);
  t.deepEqual(addressesOf(call('ADD', 'dummy', second, { name: 'mynet1', ifname: 'eth1' })), ['10.2.2.2/24']);
  t.true(call('DEL', 'dummy', first, { name: 'mynet0' }).ok);
  t.is(read('mynet0/10.1.2.2'), undefined);
  t.is(read('mynet1/10.2.2.2'), 'dummy\r\neth1');
  t.true(call('DEL', 'dummy', second, { name: 'mynet1', ifname: 'eth1' }).ok);
  t.is(read('mynet1/10.2.2.2'), undefined);
});

inEveryVersion('3: a second ADD of one container is an error, and the others go on', (t, version) => {
  const { call, read } = stage(t, version);
  t.deepEqual(addressesOf(call('ADD', 'dummy', v4)), ['10.1.2.2/24']);
  t.false(call('ADD', 'dummy', v4).ok);
  t.deepEqual(addressesOf(call('ADD', 'dummy1', v4)), ['10.1.2.3/24']);
  t.false(call('ADD', 'dummy', v4).ok);
  t.is(read('mynet/10.1.2.2'), 'dummy\r\neth0');
  t.is(read('mynet/10.1.2.3'), 'dummy1\r\neth0');
  t.is(read('mynet/last_reserved_ip.0'), '10.1.2.3');
  for (const id of ['dummy', 'dummy1']) t.true(call('DEL', id, v4).ok);
  for (const address of ['10.1.2.2', '10.1.2.3']) t.is(read(`mynet/${address}`), undefined);
});

inEveryVersion('4: a file of the old form, which names the container only, is freed', (t, version) => {
  const { call, read, dataDir } = stage(t, version);
  t.true(call('ADD', 'dummy', v4).ok);
  writeFileSync(join(dataDir, 'mynet/10.1.2.2'), 'dummy');
  t.true(call('DEL', 'dummy', v4).ok);
  t.is(read('mynet/10.1.2.2'), undefined);
});

inEveryVersion('5: a DEL of nobody is no error', (t, version) => {
  const { call } = stage(t, version);
  t.true(call('DEL', 'dummy', { subnet: '10.1.2.0/24' }).ok);
});

inEveryVersion('6: white space around a container’s id does not matter', (t, version) => {
  // The runtime’s side refuses such an id, so this is below it.
  const { dataDir, read } = stage(t, version);
  const say = (line: string): never => {
    throw new Error(line);
  };
  const verbs = createVerbs(diskAccess(() => machineFacts(), say));
  const config = parseNetworkConfig({ cniVersion: version, name: 'mynet', ipam: { dataDir, ...v4 } }, '');
  const attachment = { containerId: '   dummy\n ', ifname: 'eth0', netns: '/some/where' };
  verbs.add(config, attachment);
  t.is(read('mynet/10.1.2.2'), 'dummy\r\neth0');
  verbs.del(config, attachment);
  t.is(read('mynet/10.1.2.2'), undefined);
  writeFileSync(join(dataDir, 'mynet/10.1.2.3'), '  dummy\r\neth0\n');
  verbs.del(config, { ...attachment, containerId: 'dummy' });
  t.is(read('mynet/10.1.2.3'), undefined);
});

inEveryVersion('7: the first address of a network is given out without a word of complaint', (t, version) => {
  const { call } = stage(t, version);
  const added = call('ADD', 'testing', { subnet: '10.1.2.0/24' });
  t.true(added.ok);
  t.notRegex(added.text, /Error retrieving last reserved ip/);
});

inEveryVersion('8: an address that the configuration asks for is given out', (t, version) => {
  const { call } = stage(t, version);
  const added = call('ADD', 'dummy', v4, { args: { cni: { ips: ['10.1.2.88'] } } });
  t.deepEqual(addressesOf(added), ['10.1.2.88/24']);
});

inEveryVersion('9: addresses of several sets are given out as asked for', (t, version) => {
  const { call } = stage(t, version);
  const ipam = { ranges: [[{ subnet: '10.1.2.0/24' }], [{ subnet: '10.1.3.0/24' }]] };
  const added = call('ADD', 'dummy', ipam, { args: { cni: { ips: ['10.1.2.88', '10.1.3.77'] } } });
  if (isOld(version)) {
    t.is(added.answer.msg, `CNI version ${version} does not support more than 1 address per family`);
  } else {
    t.deepEqual(addressesOf(added), ['10.1.2.88/24', '10.1.3.77/24']);
  }
});

inEveryVersion('10: addresses of both families are given out as asked for', (t, version) => {
  const { call } = stage(t, version);
  const ipam = {
    ranges: [[{ subnet: '172.16.1.0/24' }, { subnet: '10.1.2.0/24' }], [{ subnet: '2001:db8:1::/64' }]],
  };
  const added = call('ADD', 'dummy', ipam, { args: { cni: { ips: ['10.1.2.88', '2001:db8:1::999'] } } });
  t.deepEqual(addressesOf(added), ['10.1.2.88/24', '2001:db8:1::999/64']);
});

inEveryVersion('11: an address that was asked for and fits nowhere fails all of it', (t, version) => {
  const { call, dataDir } = stage(t, version);
  const added = call('ADD', 'dummy', v4, { args: { cni: { ips: ['10.1.2.88', '10.1.2.77'] } } });
  t.false(added.ok);
  t.regex(String(added.answer.msg), /^failed to allocate all requested IPs: 10\.1\.2\./);
  t.deepEqual(
    readdirSync(join(dataDir, 'mynet')).filter((name) => name.startsWith('10.')),
    [],
  );
});
