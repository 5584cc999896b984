import test from 'ava';
import { ProxyRefusedError } from '../../../src/hub/upstream/errors.ts';
import { proxyFor } from '../../../src/hub/upstream/proxy-for.ts';

const proxy = 'http://proxy:3128';
const via = (origin: string, variables: Record<string, string>) => proxyFor(origin, variables)?.href;

test('without the variable there is no proxy; an empty one is none', (t) => {
  t.is(via('https://a', {}), undefined);
  t.is(via('https://a', { HTTPS_PROXY: '' }), undefined);
  t.is(via('https://a', { HTTP_PROXY: proxy }), undefined);
});

test('each scheme has its own variable, and lower case wins', (t) => {
  t.is(via('https://a', { HTTPS_PROXY: proxy, https_proxy: 'http://low' }), 'http://low/');
  t.is(via('http://a', { HTTP_PROXY: proxy }), `${proxy}/`);
  t.is(via('https://a', { HTTPS_PROXY: 'proxy:8080' }), 'http://proxy:8080/');
});

test('the machine itself is never reached through a proxy', (t) => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]']) {
    t.is(via(`https://${host}:6443`, { HTTPS_PROXY: proxy }), undefined, host);
  }
});

const excluded: [noProxy: string, host: string, isExcluded: boolean][] = [
  ['*', 'a.example', true],
  ['example', 'example', true],
  ['example', 'a.example', true],
  ['example', 'notexample', false],
  ['.example', 'a.example', true],
  ['.example', 'example', false],
  ['*.example', 'a.example', true],
  ['*.example', 'example', false],
  ['EXAMPLE', 'a.example', true],
  ['a.example:6443', 'a.example', true],
  ['a.example:443', 'a.example', false],
  ['10.0.0.1', '10.0.0.1', true],
  ['10.0.0.1:6443', '10.0.0.1', true],
  ['0.0.0.1', '10.0.0.1', false],
  ['10.0.0.0/8', '10.9.9.9', true],
  ['10.0.0.0/8', '11.0.0.1', false],
  ['10.0.0.0/99', '10.0.0.1', false],
  ['fd00::/8', '[fd00::1]', true],
  ['[fd00::1]:6443', '[fd00::1]', true],
  ['fd00::1', '[fd00::1]', true],
  ['nonsense/,x , 10.0.0.1 ', '10.0.0.1', true],
];
for (const [noProxy, host, isExcluded] of excluded) {
  test(`NO_PROXY=${noProxy} ${isExcluded ? 'excludes' : 'does not exclude'} ${host}:6443`, (t) => {
    t.is(via(`https://${host}:6443`, { HTTPS_PROXY: proxy, NO_PROXY: noProxy }) === undefined, isExcluded);
  });
}

test('a variable that is no http proxy is refused by its name', (t) => {
  for (const text of ['socks5://p:1', 'http://', '::']) {
    t.throws(() => proxyFor('https://a', { HTTPS_PROXY: text }), {
      instanceOf: ProxyRefusedError,
      message: /HTTPS_PROXY/,
    });
  }
});
