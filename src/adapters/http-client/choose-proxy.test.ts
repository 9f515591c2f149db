import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fails } from '../../../test/fakes/expect-error.ts';
import { describeProxy, parseProxies, parseProxyUrl } from './choose-proxy.ts';

const http = 'http://plain.example:3128';
const https = 'http://secure.example:3128';

function isProxied(except: string, url: string): boolean {
  return parseProxies({ http, https, except })(new URL(url)) !== undefined;
}

test('each scheme has its own proxy, and what is not named has none', () => {
  const choose = parseProxies({ http, https });
  assert.equal(choose(new URL('http://images.example/'))?.host, 'plain.example:3128');
  assert.equal(choose(new URL('https://images.example/'))?.host, 'secure.example:3128');
  assert.equal(parseProxies({ http })(new URL('https://images.example/')), undefined);
  assert.equal(parseProxies({})(new URL('http://images.example/')), undefined);
});

test('loopback is never reached by way of a proxy', () => {
  for (const host of ['localhost', 'LOCALHOST', 'localhost.', '127.0.0.1', '127.8.9.1:5000', '[::1]:5000'])
    assert.equal(isProxied('', `https://${host}/`), false, host);
  assert.equal(isProxied('', 'https://localhost.example/'), true);
});

test('exceptions are names, names below one, addresses, CIDR blocks and ports', () => {
  const cases: readonly (readonly [except: string, host: string, proxied: boolean])[] = [
    ['example.org', 'example.org', false],
    ['example.org', 'a.b.example.org', false],
    ['example.org', 'badexample.org', true],
    ['Example.ORG', 'a.example.org', false],
    ['.example.org', 'a.example.org', false],
    ['.example.org', 'example.org', true],
    ['*.example.org', 'a.example.org', false],
    ['*.example.org', 'example.org', true],
    ['a.example, example.org ,', 'example.org', false],
    ['*', 'anything.example', false],
    ['example.org:5000', 'example.org:5000', false],
    ['example.org:5000', 'example.org', true],
    ['example.org:443', 'example.org', false],
    ['192.0.2.1', '192.0.2.1', false],
    ['192.0.2.1:5000', '192.0.2.1:5000', false],
    ['192.0.2.1:5000', '192.0.2.1', true],
    ['192.0.2.0/24', '192.0.2.77', false],
    ['192.0.2.9/24', '192.0.2.77', false],
    ['192.0.2.0/24', '192.0.3.1', true],
    ['192.0.2.0/24', 'a.example', true],
    ['2001:db8::/32', '[2001:db8::7]', false],
    ['2001:db8::7', '[2001:db8::7]:5000', false],
    ['[2001:db8::7]:5000', '[2001:db8::7]:5000', false],
    ['[2001:db8::7]:5000', '[2001:db8::7]', true],
    ['192.0.2.0/99', '192.0.2.1', true],
  ];
  for (const [except, host, proxied] of cases) {
    assert.equal(isProxied(except, `https://${host}/`), proxied, `${host} with NO_PROXY=${except}`);
  }
});

test('a proxy that cannot be used is told, without its password', () => {
  for (const text of [
    'socks5://me:secret@h:1',
    'http://',
    'http://h/secret',
    'http://me:secret%@h:1',
    '::secret',
  ]) {
    assert.throws(
      () => parseProxies({ https: text }),
      (error) => fails('CONFIG_INVALID', 'HTTPS_PROXY')(error) && !String(error).includes('secret'),
    );
  }
  assert.equal(parseProxyUrl('proxy.example:3128', 'x').href, 'http://proxy.example:3128/');
  assert.equal(
    describeProxy(parseProxyUrl('http://me:secret@proxy.example:3128', 'x')),
    'http://proxy.example:3128',
  );
});
