import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a time such as "90d" from the command line into milliseconds. `option` names it in messages.
 * @throws SignpostError USAGE
 */
export function parseDuration(text: string, option: string): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const milliseconds = Number(amount) * (units[unit ?? ''] ?? Number.NaN);
  if (milliseconds > 0) return milliseconds;
  throw new SignpostError(
    'USAGE',
    `${option} is ${quote(text)}: expected a time such as "90d", "36h" or "15m"`,
  );
}
