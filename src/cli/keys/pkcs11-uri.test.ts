import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePkcs11Uri } from './pkcs11-uri.ts';

test('a URI names the library, the token, the key and where the PIN is', () => {
  assert.deepEqual(
    parsePkcs11Uri(
      'pkcs11:token=release%20keys;id=%01%aB?module-path=/usr/lib/x.so&pin-source=file:/run/pin',
    ),
    { module: '/usr/lib/x.so', tokenLabel: 'release keys', keyId: '01ab', pinFile: '/run/pin' },
  );
  assert.deepEqual(parsePkcs11Uri('pkcs11:id=a%00;token=t;type=private?module-path=x.so'), {
    module: 'x.so',
    tokenLabel: 't',
    keyId: '6100',
    pinFile: undefined,
  });
  for (const source of ['pin', 'file:pin', '/run/pin', 'file:///run/pin']) {
    const { pinFile } = parsePkcs11Uri(`pkcs11:token=t;id=%01?module-path=x&pin-source=${source}`);
    assert.equal(pinFile, source.includes('run') ? '/run/pin' : 'pin');
  }
});

test('what is missing, unknown, doubled or a PIN is refused', () => {
  for (const [uri, message] of [
    ['pkcs11:', /expected "pkcs11:token=/],
    ['pkcs12:token=t;id=%01?module-path=x', /expected "pkcs11:token=/],
    ['pkcs11:id=%01?module-path=x', /expected "pkcs11:token=/],
    ['pkcs11:token=t?module-path=x', /expected "pkcs11:token=/],
    ['pkcs11:token=t;id=%01', /expected "pkcs11:token=/],
    ['pkcs11:token=t;id=?module-path=x', /expected "pkcs11:token=/],
    ['pkcs11:token=t;id=%0?module-path=x', /expected "pkcs11:token=/],
    ['pkcs11:token=t;id=%01;type=cert?module-path=x', /expected "pkcs11:token=/],
    ['pkcs11:token=t;id=%01;object=a?module-path=x', /unknown attribute "object"/],
    ['pkcs11:token=t;token=u;id=%01?module-path=x', /"token" has not one value/],
    ['pkcs11:token;id=%01?module-path=x', /"token" has not one value/],
    ['pkcs11:token=%ff;id=%01?module-path=x', /not encoded in UTF-8/],
  ] as const) {
    assert.throws(() => parsePkcs11Uri(uri), { code: 'USAGE', message }, uri);
  }
  assert.throws(
    () => parsePkcs11Uri('pkcs11:token=t;id=%01?module-path=x&pin-value=123456'),
    (error: Error) => {
      assert.match(error.message, /must not hold the PIN/);
      assert.doesNotMatch(error.message, /123456/);
      return true;
    },
  );
});
