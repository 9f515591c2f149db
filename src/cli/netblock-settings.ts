import type { Netblock } from '../mirrors/address.ts';
import { findCountry } from '../mirrors/countries.ts';
import { parseNetblock } from '../mirrors/netblock.ts';
import type { AllowedAddresses } from '../mirrors/parse-mirror-url.ts';
import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Config } from './config-schema.ts';

/**
 * Reads the netblocks of a setting; `path` names it in messages.
 * @throws SignpostError CONFIG_INVALID
 */
export function readNetblocks(path: string, texts: readonly string[]): readonly Netblock[] {
  return texts.map((text, at) => readNetblock(`${path}.${at}`, text));
}

/** @throws SignpostError CONFIG_INVALID */
export function readAllowedAddresses({
  mirrors,
  webhooks,
}: Pick<Config, 'mirrors' | 'webhooks'>): AllowedAddresses {
  return {
    mirrors: readNetblocks('mirrors.allowAddresses', mirrors.allowAddresses),
    webhooks: readNetblocks('webhooks.allowAddresses', webhooks.allowAddresses),
  };
}

/**
 * The operator's corrections of where addresses are.
 * @throws SignpostError CONFIG_INVALID
 */
export function readPlaceOverrides({ places }: Config) {
  return places.overrides.map(({ netblock, country, asn }, at) => {
    const path = `places.overrides.${at}`;
    if (country === undefined && asn === undefined) {
      throw new SignpostError('CONFIG_INVALID', `${path}: says nothing: give it a country, an asn, or both`);
    }
    if (country !== undefined && findCountry(country) === undefined) {
      throw new SignpostError('CONFIG_INVALID', `${path}.country: ${quote(country)}: not an ISO 3166-1 code`);
    }
    return { netblock: readNetblock(`${path}.netblock`, netblock), country, asn };
  });
}

function readNetblock(path: string, text: string): Netblock {
  try {
    return parseNetblock(text);
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
}
