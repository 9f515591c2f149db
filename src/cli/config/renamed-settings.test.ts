import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { isSignpostError } from '../../oci/errors.ts';
import { notaryKeysSchema, tufKeysSchema } from '../signer/metadata-keys-schema.ts';
import { signerPolicySchema } from '../signer/signer-policy-schema.ts';
import { configSchema } from './config-schema.ts';
import { parseSettings } from './parse-settings.ts';
import { renamedSettings } from './renamed-settings.ts';

/** Which kinds of file have each setting that was renamed. */
const kinds: readonly (readonly [z.ZodType, RegExp])[] = [
  [configSchema, /^(?:mirrors|repositories|statistics|tuf|webhooks)\./],
  [signerPolicySchema, /^rules\./],
  [tufKeysSchema, /^lives$/],
  [notaryKeysSchema, /^lives$/],
];
const lists = ['repositories', 'rules'];

test('the old name of a setting is answered with the new one, in every kind of file that has it', () => {
  for (const [old, now] of Object.entries(renamedSettings)) {
    const [name = '', ...around] = old.split('.').toReversed();
    const having = kinds.filter(([, has]) => has.test(old));
    assert.ok(having.length > 0, old);
    for (const [schema] of having) {
      const ask = (setting: string) => refusalOf(schema, nest({ [setting]: false }, around));
      assert.match(ask(name), new RegExp(`line 1: (?:.*: )?"${name}" is now called "${now}"$`, 'm'));
      // The new name is that of a setting.
      assert.match(ask(now), new RegExp(`\\b${now}: `));
      assert.doesNotMatch(ask(now), /unknown setting/);
    }
  }
});

test('an unknown name that was never one of a setting is called unknown', () => {
  assert.match(refusalOf(configSchema, { constructor: 1 }), /unknown setting "constructor"/);
  assert.match(refusalOf(configSchema, { registry: { maximumLife: '1d' } }), /unknown setting "maximumLife"/);
});

function nest(inner: object, around: readonly string[]): object {
  return around.reduce((value, key) => ({ [key]: lists.includes(key) ? [value] : value }), inner);
}

function refusalOf(schema: z.ZodType, value: object): string {
  try {
    parseSettings(schema, JSON.stringify(value), 'file.yaml', 'file');
  } catch (error) {
    if (isSignpostError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
  assert.fail('it was not refused');
}
