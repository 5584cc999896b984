// The hub's address on the node: made where it is missing, kept, and taken away; and nothing of somebody else's is touched.
import test from 'ava';
import {
  type HeldAddress,
  holdNodeAddress,
  type MadeAddress,
  type Network,
} from '../../../src/hub/node-address/hold-node-address.ts';

const host = '169.254.2.1';

/** A machine as far as `ip` shows it. */
class Machine implements Network {
  readonly commands: string[] = [];
  readonly devices = new Map<string, Set<string>>([
    ['lo', new Set(['127.0.0.1'])],
    ['eth0', new Set(['192.0.2.7'])],
  ]);
  hasDummies = true;
  failure: string | undefined;

  ip(command: readonly string[]): Promise<void> {
    this.commands.push(command.join(' '));
    if (this.failure !== undefined) return Promise.reject(new Error(this.failure));
    const [object, verb, subject = '', , device = ''] = command;
    const bare = subject.replace(/\/.*/, '');
    if (object === 'link' && verb === 'add') {
      if (!this.hasDummies) return Promise.reject(new Error('Error: Unknown device type.'));
      if (this.devices.has(subject)) return Promise.reject(new Error('RTNETLINK answers: File exists'));
      this.devices.set(subject, new Set());
    } else if (object === 'link' && verb === 'delete') this.devices.delete(subject);
    else if (object === 'address' && verb === 'replace') this.devices.get(device)!.add(bare);
    else if (object === 'address' && verb === 'delete') this.devices.get(device)!.delete(bare);
    return Promise.resolve();
  }

  interfaces(): Record<string, { address: string }[]> {
    return Object.fromEntries([...this.devices].map(([name, all]) => [name, [...all].map((address) => ({ address }))]));
  }

  where(address: string): string | undefined {
    return [...this.devices].find(([, all]) => all.has(address))?.[0];
  }
}

/** Outlives the daemon. */
function noteOf(): MadeAddress {
  let noted: string | undefined;
  return {
    has: (address) => Promise.resolve(noted === address),
    note(address) {
      noted = address;
      return Promise.resolve();
    },
    forget() {
      noted = undefined;
      return Promise.resolve();
    },
  };
}

const hold = (address: string, machine: Machine, made = noteOf()): Promise<HeldAddress> =>
  holdNodeAddress(address, machine, made);

test('the address gets an interface of its own, which goes with it', async (t) => {
  const machine = new Machine();
  const held = await hold(host, machine);
  t.is(machine.where(host), 'holdfast0');
  t.is(held.carrier, 'dummy');
  await held.release();
  t.false(machine.devices.has('holdfast0'));
});

test('a kernel without dummy interfaces carries it on lo, which stays', async (t) => {
  const machine = new Machine();
  machine.hasDummies = false;
  const held = await hold(host, machine);
  t.is(machine.where(host), 'lo');
  await held.release();
  t.is(machine.where(host), undefined);
  t.true(machine.devices.has('lo'));
});

test('an address that another interface has is used as it is, and left alone at the end', async (t) => {
  const machine = new Machine();
  const held = await hold('192.0.2.7', machine);
  t.is(held.carrier, 'other');
  await held.release();
  t.deepEqual(machine.commands, []);
});

test('what an earlier life left behind is taken over, and taken away', async (t) => {
  const machine = new Machine();
  await hold(host, machine); // ended by kill -9
  machine.commands.length = 0;
  const held = await hold(host, machine);
  t.deepEqual(machine.commands, []);
  await held.release();
  t.is(machine.where(host), undefined);
});

test('what an earlier life put on lo is taken away, what an administrator put there is not', async (t) => {
  const machine = new Machine();
  machine.hasDummies = false;
  const made = noteOf();
  await hold(host, machine, made); // ended by kill -9
  await (await hold(host, machine, made)).release();
  t.is(machine.where(host), undefined);
  machine.devices.get('lo')!.add(host);
  machine.commands.length = 0;
  const held = await hold(host, machine, made);
  t.is(held.carrier, 'loopback');
  await held.release();
  t.deepEqual(machine.commands, []);
  t.is(machine.where(host), 'lo');
});

test('an address that was taken away is made again', async (t) => {
  const machine = new Machine();
  const held = await hold(host, machine);
  t.false(await held.ensure());
  machine.devices.get('holdfast0')!.clear();
  t.true(await held.ensure());
  t.is(machine.where(host), 'holdfast0');
  machine.devices.delete('holdfast0');
  t.true(await held.ensure());
  t.is(machine.where(host), 'holdfast0');
});

test('an IPv6 address is one however it is written', async (t) => {
  const machine = new Machine();
  const held = await hold('fd00:0:0:0:0:0:2:1', machine);
  machine.devices.set('holdfast0', new Set(['fd00::2:1'])); // as the kernel writes it
  t.false(await held.ensure());
  t.true(machine.commands.some((one) => one.endsWith('/128 dev holdfast0 nodad')));
});

for (const [message, said] of [
  ['RTNETLINK answers: Operation not permitted', /only root \(CAP_NET_ADMIN\)/],
  ['spawn ip ENOENT', /not installed \(package iproute2\)/],
  ['RTNETLINK answers: something else', /could not be given to the node: .*something else/],
] as const) {
  test(`'${message}' is explained`, async (t) => {
    const machine = new Machine();
    machine.failure = message;
    await t.throwsAsync(hold(host, machine), { code: 'HOLDFAST_NODE_ADDRESS', message: said });
  });
}
