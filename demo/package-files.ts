import { Parser } from 'tar';
import { SignpostError } from '../src/oci/errors.ts';

/** The largest file that is read out of a package, in bytes. */
const fileLimit = 64 * 1024 * 1024;

/**
 * Reads files out of a package's tarball, in the order of `paths`, which are relative to the package.
 * @throws SignpostError SOURCE_INVALID when one is missing or too large
 */
export async function readPackageFiles(
  tarball: Uint8Array,
  paths: readonly string[],
): Promise<readonly Buffer[]> {
  const found = new Map<string, Buffer[]>();
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const path = entry.path.replace(/^package\//, '');
      const wanted = entry.type === 'File' && paths.includes(path) && entry.size <= fileLimit;
      const pieces: Buffer[] = [];
      if (wanted) found.set(path, pieces);
      entry.on('data', (piece: Buffer) => (wanted ? pieces.push(piece) : undefined));
    },
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  parser.once('end', resolve);
  parser.once('error', reject);
  try {
    // end() throws some of what it also emits as an error.
    void Promise.try(() => parser.end(Buffer.from(tarball))).catch(reject);
    await promise;
  } catch (cause) {
    throw new SignpostError('SOURCE_INVALID', `the package is no tarball: ${(cause as Error).message}`, {
      cause,
    });
  }
  return paths.map((path) => {
    const pieces = found.get(path);
    if (pieces !== undefined) return Buffer.concat(pieces);
    throw new SignpostError(
      'SOURCE_INVALID',
      `the package has no file ${path} of ${fileLimit} bytes or less`,
    );
  });
}
