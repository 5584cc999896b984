import test from 'ava';
import fc from 'fast-check';
import { type Server, Servers } from '../../../src/hub/upstream/servers.ts';

const urls = ['https://a:6443', 'https://b:6443/prefix/', 'http://c'];

test('a server knows its name, its origin and the path before all paths', (t) => {
  t.deepEqual(new Servers(urls).all, [
    { name: 'a:6443', origin: 'https://a:6443', basePath: '' },
    { name: 'b:6443', origin: 'https://b:6443', basePath: '/prefix' },
    { name: 'c:80', origin: 'http://c', basePath: '' },
  ]);
});

test('no server, or one that is no http URL, is refused', (t) => {
  t.throws(() => new Servers([]), { instanceOf: TypeError });
  t.throws(() => new Servers(['ftp://a']), { instanceOf: TypeError });
});

test('the same server given twice counts once', (t) => {
  t.is(new Servers(['https://a', 'https://a:443']).all.length, 1);
});

test('by priority the first that is up is asked, always', (t) => {
  const servers = new Servers(urls, 'priority');
  const [a, b] = servers.all as [Server, Server];
  t.is(servers.first(), a);
  servers.markDown(a);
  t.is(servers.first(), b);
  t.is(servers.first(), b);
  servers.markUp(a);
  t.is(servers.first(), a);
});

test('in turns every server that is up gets its share', (t) => {
  const servers = new Servers(urls, 'round-robin');
  const names = Array.from({ length: 6 }, () => servers.first().name);
  t.deepEqual(names.toSorted(), ['a:6443', 'a:6443', 'b:6443', 'b:6443', 'c:80', 'c:80']);
  servers.markDown(servers.byName('b:6443')!);
  const without = Array.from({ length: 4 }, () => servers.first().name);
  t.deepEqual(without.toSorted(), ['a:6443', 'a:6443', 'c:80', 'c:80']);
});

test('after all that are up failed there is nobody to try next', (t) => {
  const servers = new Servers(urls);
  const [a, b, c] = servers.all as [Server, Server, Server];
  servers.markDown(c);
  t.is(servers.next(new Set([a])), b);
  t.is(servers.next(new Set([a, b])), undefined);
});

test('whatever is up and down: somebody is asked first, nobody down while one is up, nobody twice', (t) => {
  const pick = fc.constantFrom('priority' as const, 'round-robin' as const);
  const marks = fc.array(fc.tuple(fc.nat({ max: 3 }), fc.boolean()), { maxLength: 20 });
  fc.assert(
    fc.property(pick, fc.integer({ min: 1, max: 4 }), marks, (policy, count, changes) => {
      const servers = new Servers(
        Array.from({ length: count }, (_, i) => `https://s${i}`),
        policy,
      );
      const down = new Set<Server>();
      for (const [index, isUp] of changes) {
        const server = servers.all[index % count]!;
        if (isUp) servers.markUp(server);
        else servers.markDown(server);
        if (isUp) down.delete(server);
        else down.add(server);
        const anyUp = down.size < count;
        const tried = new Set<Server>();
        let next: Server | undefined = servers.first();
        if (anyUp && down.has(next)) return false;
        while (next !== undefined) {
          if (tried.has(next)) return false;
          tried.add(next);
          next = servers.next(tried);
          if (next !== undefined && down.has(next)) return false;
        }
        if (anyUp && tried.size !== count - down.size) return false;
      }
      return true;
    }),
  );
  t.pass();
});
