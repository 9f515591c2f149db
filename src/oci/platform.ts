import { quote } from './digest.ts';
import { SignpostError } from './errors.ts';

/** image-spec 1.1, image-index.md, "platform". */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
  readonly osFeatures?: readonly string[];
}

const partPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/**
 * Reads `os/architecture[/variant]`, or a bare architecture, which means linux.
 * @throws SignpostError REFERENCE_INVALID
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((part) => partPattern.test(part))) {
    throw new SignpostError(
      'REFERENCE_INVALID',
      `${quote(text)} is not a platform: expected <os>/<architecture>[/<variant>], such as "linux/arm64"`,
    );
  }
  const [first = '', second, variant] = parts;
  if (second === undefined) return { os: 'linux', architecture: first };
  return { os: first, architecture: second, ...(variant === undefined ? {} : { variant }) };
}

/** `linux/arm64/v8`, to be read by people. An image's own words may be any text: those that are no such part are quoted. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, variant]
    .filter((part) => part !== undefined)
    .map((part) => (partPattern.test(part) ? part : quote(part)))
    .join('/');
}

/** Whether `platform` is what `wanted` asks for; a variant that is not asked for does not matter. */
export function platformMatches(wanted: Platform, platform: Platform): boolean {
  return (
    wanted.os === platform.os &&
    wanted.architecture === platform.architecture &&
    (wanted.variant === undefined || wanted.variant === platform.variant)
  );
}
