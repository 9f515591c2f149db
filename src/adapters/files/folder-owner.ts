import { readFileSync } from 'node:fs';
import { SignpostError } from '../../oci/errors.ts';
import { statIfThere } from './atomic-file.ts';

/**
 * Root could write into the folder of a user that a service runs as, and the service could not touch it from then on.
 * @param what the folder is called in the message: "data folder"
 * @throws SignpostError DENIED
 */
export function refuseForeignRoot(
  folder: string,
  what: string,
  user: number | undefined = process.geteuid?.(),
): void {
  if (user !== 0) return;
  const owner = statIfThere(folder)?.uid;
  if (owner === undefined || owner === 0) return;
  const name = nameOf(owner);
  throw new SignpostError(
    'DENIED',
    `the ${what} ${folder} belongs to the user ${name ?? owner}, who could not change what root writes there: run the ` +
      `command as that user, "sudo -u ${name ?? `'#${owner}'`} signpost ..."`,
  );
}

function nameOf(user: number): string | undefined {
  try {
    const fields = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
    return fields.find(([, , id]) => id === String(user))?.[0];
  } catch {
    return undefined;
  }
}
