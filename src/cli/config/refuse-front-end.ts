import { SignpostError } from '../../oci/errors.ts';
import type { Config } from './config-schema.ts';

/**
 * Mirrors, and what is known of them, are kept at the origin: the database of a front end has neither, and would answer
 * as if there were none.
 * @throws SignpostError CONFIG_INVALID at a front end
 */
export function refuseFrontEnd({ origin }: Config): void {
  if (origin === undefined) return;
  throw new SignpostError(
    'CONFIG_INVALID',
    'this is a front end: mirrors are managed at its origin. To see which mirror this front end chooses, add "?trace" to the URL of a blob',
  );
}
