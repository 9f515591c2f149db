import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countryCodes, findCountry } from './countries.ts';
import { distanceBetween } from './distance.ts';

test('every country of ISO 3166-1 is there, and Kosovo', () => {
  const codes = countryCodes();
  assert.equal(codes.length, 250);
  assert.equal(new Set(codes).size, 250);
  assert.ok(codes.includes('XK'));
});

test('every country has a name, a continent and a place on the globe', () => {
  const names = new Intl.DisplayNames('en', { type: 'region' });
  for (const code of countryCodes()) {
    const country = findCountry(code);
    assert.ok(country !== undefined);
    assert.match(code, /^[A-Z]{2}$/);
    // An unknown code is its own name.
    assert.notEqual(names.of(code), code);
    assert.match(country.continent, /^(?:AF|AN|AS|EU|NA|OC|SA)$/);
    assert.ok(Math.abs(country.latitude) <= 90 && Math.abs(country.longitude) <= 180, code);
  }
});

test('neighbours are near each other and antipodes are not', () => {
  const between = (one: string, other: string) => {
    const [from, to] = [findCountry(one), findCountry(other)];
    assert.ok(from !== undefined && to !== undefined);
    return distanceBetween(from, to);
  };
  assert.ok(between('DE', 'CZ') < 500);
  assert.ok(between('FR', 'BE') < 600);
  assert.ok(between('ES', 'NZ') > 18_000);
  assert.equal(between('JP', 'JP'), 0);
});

test('what is no country is not found', () => {
  for (const code of ['', 'de', 'ZZ', 'EU', 'constructor', 'DEU'])
    assert.equal(findCountry(code), undefined, code);
});
