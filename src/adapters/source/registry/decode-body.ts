import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { Answer } from '../../http-client/transport.ts';

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>;

/** RFC 9110, section 8.4.1, and RFC 8878 for zstd. */
const decoders: Readonly<Record<string, Decode>> = {
  gzip: promisify(gunzip) as Decode,
  'x-gzip': promisify(gunzip) as Decode,
  deflate: promisify(inflate) as Decode,
  br: promisify(brotliDecompress) as Decode,
  zstd: promisify(zstdDecompress) as Decode,
};

/**
 * Undoes the Content-Encoding of a body. It was not asked for, but caches before a registry compress all the same.
 * @throws SignpostError SOURCE_INVALID for an encoding that is not known, or that the body does not have; LIMIT_EXCEEDED
 */
export async function decodeBody(
  { message, url }: Answer,
  bytes: Buffer,
  limit: number,
  what: string,
): Promise<Buffer> {
  const encoding = (message.headers['content-encoding'] ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return bytes;
  const decode = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (decode === undefined) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${what} from ${url.host} has Content-Encoding ${quote(encoding)}, which was not asked for and is not known here`,
    );
  }
  try {
    return await decode(bytes, { maxOutputLength: limit });
  } catch (cause) {
    const isTooLarge = (cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new SignpostError(
      isTooLarge ? 'LIMIT_EXCEEDED' : 'SOURCE_INVALID',
      isTooLarge
        ? `${what} from ${url.host} has more than ${limit} bytes when its Content-Encoding ${quote(encoding)} is undone`
        : `${what} from ${url.host} does not have the Content-Encoding ${quote(encoding)} that it is sent with: ${(cause as Error).message}`,
      { cause },
    );
  }
}
