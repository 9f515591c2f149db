import { type Digest, isDigest, quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { parseJson } from '../../../oci/parse-json.ts';

/**
 * The digests of an image's layers before compression (image-spec 1.1, config.md, "rootfs"), from its config.
 * @throws SignpostError SOURCE_INVALID
 */
export function parseRootfs(config: Uint8Array, where: string): readonly Digest[] {
  const ids = readIds(config, where);
  if (!Array.isArray(ids)) {
    throw new SignpostError('SOURCE_INVALID', `${where} has no rootfs.diff_ids: it is no image's config`);
  }
  return ids.map((id: unknown, index) => {
    if (isDigest(id)) return id;
    throw new SignpostError(
      'SOURCE_INVALID',
      `${where}: rootfs.diff_ids[${index}] is ${quote(id)}: expected a digest`,
    );
  });
}

function readIds(config: Uint8Array, where: string): unknown {
  const value = parseJson(Buffer.from(config).toString('utf8'), where, 'SOURCE_INVALID') as {
    rootfs?: { diff_ids?: unknown } | null;
  } | null;
  return value?.rootfs?.diff_ids;
}
