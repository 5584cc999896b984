// What the plugin says to a runtime, before and besides what it does to the directory.
import test from 'ava';
import { parseAddress } from '../../src/ipam/address.ts';
import type { Attachment } from '../../src/ipam/cni/attachment.ts';
import { CniError, cniErrorCode } from '../../src/ipam/cni/cni-error.ts';
import type { Environment } from '../../src/ipam/cni/environment.ts';
import type { NetworkConfig } from '../../src/ipam/cni/network-config.ts';
import type { IpamVerbs } from '../../src/ipam/cni/verbs.ts';
import { type PluginAnswer, runPlugin } from '../../src/ipam/plugin.ts';

const document = {
  cniVersion: '1.1.0',
  name: 'mynet',
  type: 'bridge',
  ipam: { type: 'holdfast-ipam', ranges: [[{ subnet: '10.1.2.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] },
};

const variables = {
  CNI_COMMAND: 'ADD',
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/c1',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};

interface Told {
  readonly verb: keyof IpamVerbs;
  readonly config: NetworkConfig;
  readonly attachment?: Attachment;
}

interface Given {
  readonly environment?: Environment;
  readonly stdin?: object | string;
  readonly fails?: unknown;
  readonly files?: Readonly<Record<string, string>>;
  readonly ownNetns?: string;
  readonly readStdin?: () => Buffer;
  readonly hadInThisBoot?: boolean;
}

const call = ({ environment, stdin = document, fails, files = {}, ownNetns, readStdin, ...given }: Given = {}) => {
  const { hadInThisBoot = false } = given;
  const told: Told[] = [];
  const forgotten: string[] = [];
  const hear = (one: Told): void => {
    told.push(one);
    if (fails !== undefined) throw fails;
  };
  const verbs: IpamVerbs = {
    add: (config, attachment) => {
      hear({ verb: 'add', config, attachment });
      return [{ address: parseAddress('10.1.2.2')!, range: config.rangeSets[0]![0]!, hadInThisBoot }];
    },
    del: (config, attachment) => hear({ verb: 'del', config, attachment }),
    check: (config, attachment) => hear({ verb: 'check', config, attachment }),
    gc: (config) => hear({ verb: 'gc', config }),
    status: (config) => hear({ verb: 'status', config }),
  };
  const answer = runPlugin({
    environment: { ...variables, ...environment },
    readStdin: readStdin ?? (() => Buffer.from(typeof stdin === 'string' ? stdin : JSON.stringify(stdin))),
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'open', path });
      return text;
    },
    isOwnNetns: (path) => path === ownNetns,
    forgetNeighbours: (addresses) => void forgotten.push(...addresses),
    verbs,
    version: '1.2.3',
  });
  return { ...answer, told, forgotten };
};

const errorOf = ({ stdout, exitCode }: PluginAnswer): unknown => (exitCode === 1 ? JSON.parse(stdout) : 'no error');

test('ADD hands on who asks for what, and prints what was given', (t) => {
  const CNI_ARGS = 'K8S_POD_UID=u1;K8S_POD_NAME=web-0;IgnoreUnknown=1;K8S_POD_NAMESPACE=shop';
  const { stdout, stderr, exitCode, told } = call({ environment: { CNI_ARGS } });
  t.is(exitCode, 0);
  t.is(stderr, '');
  t.deepEqual(JSON.parse(stdout), {
    cniVersion: '1.1.0',
    ips: [{ address: '10.1.2.2/24', gateway: '10.1.2.1' }],
    routes: [{ dst: '0.0.0.0/0' }],
  });
  t.deepEqual(told[0]!.attachment, {
    containerId: 'c1',
    ifname: 'eth0',
    netns: '/run/netns/c1',
    pod: { namespace: 'shop', name: 'web-0', uid: 'u1' },
  });
  t.deepEqual(
    told.map(({ verb }) => verb),
    ['add'],
  );
});

test('the node asks anew where an address is that another sandbox may have had in this boot', (t) => {
  t.deepEqual(call({ hadInThisBoot: true }).forgotten, ['10.1.2.2']);
  t.deepEqual(call({ hadInThisBoot: false }).forgotten, []);
  t.deepEqual(call({ hadInThisBoot: true, fails: new Error('full') }).forgotten, []);
});

test('each verb reaches its own, and says nothing when all is well', (t) => {
  for (const [command, verb] of Object.entries({ DEL: 'del', CHECK: 'check', GC: 'gc', STATUS: 'status' })) {
    const { stdout, exitCode, told } = call({ environment: { CNI_COMMAND: command } });
    t.is(exitCode, 0);
    t.is(stdout, '');
    t.deepEqual(
      told.map((one) => one.verb as string),
      [verb],
    );
  }
});

test('without a command it says what it is, on stderr', (t) => {
  t.deepEqual(call({ environment: { CNI_COMMAND: '' } }), {
    forgotten: [],
    stdout: '',
    stderr:
      'CNI holdfast-ipam plugin v1.2.3\nCNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n',
    exitCode: 0,
    told: [],
  });
});

test('VERSION needs nothing, and reads nothing', (t) => {
  const environment = { CNI_COMMAND: 'VERSION', CNI_CONTAINERID: '', CNI_NETNS: '', CNI_IFNAME: '', CNI_PATH: '' };
  const { stdout, exitCode } = call({
    environment,
    readStdin: () => {
      throw new Error('it was read');
    },
  });
  t.is(
    stdout,
    '{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n',
  );
  t.is(exitCode, 0);
});

test('what is missing in the environment is told all at once, and what is not fit by its own message', (t) => {
  const invalid = (msg: string, details?: string) => ({ code: 4, msg, ...(details && { details }) });
  const rows: readonly (readonly [Environment, unknown])[] = [
    [{ CNI_CONTAINERID: '', CNI_PATH: '' }, invalid('required env variables [CNI_CONTAINERID,CNI_PATH] missing')],
    [{ CNI_COMMAND: 'DEL', CNI_NETNS: '' }, 'no error'],
    [{ CNI_COMMAND: 'CHECK', CNI_NETNS: '' }, invalid('required env variables [CNI_NETNS] missing')],
    [{ CNI_COMMAND: 'GC', CNI_CONTAINERID: '', CNI_NETNS: '', CNI_IFNAME: '' }, 'no error'],
    [{ CNI_COMMAND: 'STATUS', CNI_PATH: '' }, invalid('required env variables [CNI_PATH] missing')],
    [{ CNI_COMMAND: 'add' }, invalid('unknown CNI_COMMAND: add')],
    [{ CNI_COMMAND: 'constructor' }, invalid('unknown CNI_COMMAND: constructor')],
    [{ CNI_CONTAINERID: '-x' }, invalid('invalid characters in containerID', '-x')],
    [{ CNI_CONTAINERID: 'a/b', CNI_PATH: '' }, invalid('invalid characters in containerID', 'a/b')],
    [{ CNI_COMMAND: 'GC', CNI_CONTAINERID: '-x' }, 'no error'],
    [{ CNI_IFNAME: '..' }, invalid('interface name is . or ..')],
    [{ CNI_IFNAME: 'a:b' }, invalid('interface name contains / or : or whitespace characters')],
    [{ CNI_IFNAME: 'a b' }, invalid('interface name contains / or : or whitespace characters')],
    [
      { CNI_IFNAME: 'sixteen-letters-' },
      invalid('interface name is too long', 'interface name should be less than 16 characters'),
    ],
  ];
  for (const [environment, expected] of rows) t.deepEqual(errorOf(call({ environment })), expected);
});

test('a configuration is refused with the code of what is wrong with it', (t) => {
  const named = { name: 'mynet' };
  const version = (some: string) => ({ ...document, cniVersion: some });
  const supported = '["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]';
  const rows: readonly (readonly [string, object | string, unknown])[] = [
    ['ADD', '', { code: 6, msg: 'error unmarshall network config: unexpected end of JSON input' }],
    [
      'ADD',
      '[]',
      {
        code: 6,
        msg: 'error unmarshall network config: json: cannot unmarshal array into Go value of type struct { Name string "json:\\"name\\"" }',
      },
    ],
    [
      'ADD',
      { name: 1 },
      {
        code: 6,
        msg: 'error unmarshall network config: json: cannot unmarshal number into Go struct field .name of type string',
      },
    ],
    ['ADD', {}, { code: 7, msg: 'missing network name' }],
    ['ADD', { name: '../x' }, { code: 7, msg: 'invalid characters found in network name', details: '../x' }],
    ['ADD', { name: '.retain' }, { code: 7, msg: 'invalid characters found in network name', details: '.retain' }],
    [
      'ADD',
      { ...named, cniVersion: 1 },
      {
        code: 6,
        msg: 'decoding version from network config: json: cannot unmarshal number into Go struct field .cniVersion of type string',
      },
    ],
    [
      'ADD',
      version('0.5.0'),
      { code: 1, msg: 'incompatible CNI versions', details: `config is "0.5.0", plugin supports ${supported}` },
    ],
    ['CHECK', version('0.3.1'), { code: 1, msg: 'config version does not allow CHECK' }],
    ['CHECK', version('2.0.0'), { code: 1, msg: 'plugin version does not allow CHECK' }],
    ['CHECK', version('0.4.0.1'), { code: 6, msg: 'invalid version "0.4.0.1": too many parts' }],
    [
      'CHECK',
      version('1.x'),
      { code: 6, msg: 'failed to convert minor version part "x": strconv.Atoi: parsing "x": invalid syntax' },
    ],
    ['GC', version('1.0.0'), { code: 1, msg: 'config version does not allow GC' }],
    ['STATUS', version('1.0.0'), { code: 1, msg: 'config version does not allow STATUS' }],
    ['ADD', named, { code: 999, msg: "IPAM config missing 'ipam' key" }],
    ['ADD', { ...named, ipam: {} }, { code: 999, msg: 'no IP ranges specified' }],
  ];
  for (const [CNI_COMMAND, stdin, expected] of rows) {
    const { told, ...answer } = call({ environment: { CNI_COMMAND }, stdin });
    t.deepEqual(errorOf(answer), expected);
    t.deepEqual(told, []);
  }
});

test('an error is printed as host-local prints it, indented and escaped', (t) => {
  const { stdout } = call({ fails: new CniError(cniErrorCode.tryAgainLater, 'wait <a moment>', { details: 'why' }) });
  t.is(stdout, '{\n    "code": 11,\n    "msg": "wait \\u003ca moment\\u003e",\n    "details": "why"\n}');
  t.deepEqual(errorOf(call({ fails: new Error('no luck') })), { code: 999, msg: 'no luck' });
  const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write', path: '/x/10.1.2.2' });
  t.deepEqual(errorOf(call({ fails: full })), { code: 999, msg: 'write /x/10.1.2.2: no space left on device' });
});

test('what cannot be read is told: stdin, and the file that dns is to come from', (t) => {
  const readStdin = (): Buffer => {
    throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', syscall: 'read' });
  };
  t.deepEqual(errorOf(call({ readStdin })), {
    code: 5,
    msg: 'error reading from stdin: read /dev/stdin: is a directory',
  });
  const stdin = { ...document, ipam: { ...document.ipam, resolvConf: '/etc/x' } };
  const { told, ...answer } = call({ stdin });
  t.deepEqual(errorOf(answer), { code: 999, msg: 'open /etc/x: no such file or directory' });
  t.deepEqual(told, []);
  t.deepEqual(JSON.parse(call({ stdin, files: { '/etc/x': 'nameserver 10.0.0.10\n' } }).stdout).dns, {
    nameservers: ['10.0.0.10'],
  });
});

test('the namespace that the plugin is in gets no address, but loses those it has', (t) => {
  const expected = { code: 8, msg: "plugin's netns and netns from CNI_NETNS should not be the same" };
  const add = call({ ownNetns: variables.CNI_NETNS });
  t.deepEqual(errorOf(add), expected);
  t.deepEqual(add.told, []);
  const del = call({ ownNetns: variables.CNI_NETNS, environment: { CNI_COMMAND: 'DEL' } });
  t.deepEqual(errorOf(del), expected);
  t.is(del.told.length, 1);
  for (const override of ['1', 'true', 'TRUE']) {
    t.is(call({ ownNetns: variables.CNI_NETNS, environment: { CNI_NETNS_OVERRIDE: override } }).exitCode, 0);
  }
});

test('STATUS and DEL are not stopped by ranges that cannot be', (t) => {
  const stdin = { ...document, ipam: { ...document.ipam, ranges: [[{ subnet: 'usePodCidr' }]] } };
  for (const CNI_COMMAND of ['STATUS', 'DEL', 'GC']) t.is(call({ environment: { CNI_COMMAND }, stdin }).exitCode, 0);
  t.is(call({ environment: { CNI_COMMAND: 'CHECK' }, stdin }).exitCode, 1);
});
