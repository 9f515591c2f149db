import { readFile, stat } from 'node:fs/promises';
import { Reader } from 'mmdb-lib';
import { SignpostError } from '../../oci/errors.ts';
import type { IpAddress } from '../../net/address.ts';
import { familyOf } from '../../net/netblock.ts';

/** A MaxMind-format database in memory. */
export interface MmdbFile {
  /**
   * The record of an address, and how long the netblock is for which it holds; the record is undefined when there is
   * none. Throws what the decoder throws when the file is damaged.
   */
  find(address: IpAddress): { readonly record: unknown; readonly length: number };
}

// City databases are about 130 MB.
const sizeLimit = 1024 ** 3;
/** MaxMind DB format 2.0, "Database Metadata": what it begins with, and how far from the end it may be. */
const marker = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const metadataLimit = 128 * 1024;
const separatorSize = 16;

/**
 * Reads a database whole.
 * @param purpose what it is for, in messages: "country database"
 * @throws SignpostError CONFIG_INVALID
 */
export async function readMmdbFile(path: string, purpose: string): Promise<MmdbFile> {
  const wrong = (problem: string, cause?: unknown) =>
    new SignpostError('CONFIG_INVALID', `the ${purpose} ${path} ${problem}`, { cause });
  const bytes = await readBytes(path, wrong);
  if (!bytes.subarray(-metadataLimit).includes(marker)) {
    throw wrong('is not a MaxMind-format (.mmdb) file, or not a whole one');
  }
  const reader = createReader(bytes, wrong);
  const { binaryFormatMajorVersion, ipVersion, nodeCount, searchTreeSize } = reader.metadata;
  const whole = Number.isInteger(nodeCount) && searchTreeSize + separatorSize < bytes.length;
  if (binaryFormatMajorVersion !== 2 || (ipVersion !== 4 && ipVersion !== 6) || !whole) {
    throw wrong('is damaged, or of a version that is not known');
  }
  return {
    find: (address) => {
      // A tree of IPv4 addresses knows nothing of longer ones, and would answer with somebody else's record.
      if (ipVersion === 4 && familyOf(address) === 6) return { record: undefined, length: 0 };
      const [record, length] = reader.getWithPrefixLength(address);
      return { record: record ?? undefined, length };
    },
  };
}

type Wrong = (problem: string, cause?: unknown) => SignpostError;

async function readBytes(path: string, wrong: Wrong): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > sizeLimit) throw wrong(`is larger than ${sizeLimit} bytes`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof SignpostError) throw cause;
    throw wrong(`cannot be read: ${(cause as Error).message}`, cause);
  }
}

function createReader(bytes: Buffer, wrong: Wrong): Reader<never> {
  try {
    return new Reader<never>(bytes);
  } catch (cause) {
    throw wrong('is damaged', cause);
  }
}
