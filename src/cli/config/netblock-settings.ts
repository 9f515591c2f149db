import type { Netblock } from '../../net/address.ts';
import { parseNetblock } from '../../net/netblock.ts';
import type { AllowedAddresses } from '../../mirrors/parse-mirror-url.ts';
import { SignpostError } from '../../oci/errors.ts';
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
 * The operator's corrections of where addresses are, each read when its turn comes.
 * @throws SignpostError CONFIG_INVALID
 */
export function* readPlaceOverrides({ places }: Config) {
  for (const [at, { netblock, country, asn }] of places.overrides.entries()) {
    yield { netblock: readNetblock(`places.overrides.${at}.netblock`, netblock), country, asn };
  }
}

function readNetblock(path: string, text: string): Netblock {
  try {
    return parseNetblock(text);
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
}
