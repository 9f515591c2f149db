import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';

const nameLimit = 512;

// What OCI layouts and the archives of docker, podman, skopeo and go-containerregistry hold. Anchored: nothing else
// is ever looked up.
const knownPattern = new RegExp(
  `^(?:${[
    'oci-layout',
    'index\\.json',
    'manifest\\.json',
    'repositories',
    'blobs/sha256/[0-9a-f]{64}',
    '[0-9a-f]{64}\\.(?:json|tar|tar\\.gz)',
    '[0-9a-f]{64}/(?:layer\\.tar|json|VERSION)',
    'sha256:[0-9a-f]{64}',
  ].join('|')})$`,
);
const layerPattern = /^[0-9a-f]{64}(?:\/layer\.tar|\.tar|\.tar\.gz)$/;

/**
 * The name of an archive's entry in its plain form, with whether it is one that Signpost reads. Others are harmless,
 * since nothing is ever unpacked, but one that tries to leave the archive shows what the archive is for.
 * @throws SignpostError SOURCE_INVALID
 */
export function parseEntryName(path: string): { readonly name: string; readonly known: boolean } {
  const name = path.replace(/^(?:\.\/)+/, '').replace(/\/$/, '');
  if (path === '' || Buffer.byteLength(path) > nameLimit) {
    throw invalid(`an entry's name has ${Buffer.byteLength(path)} bytes: expected 1 to ${nameLimit}`);
  }
  if (path.startsWith('/')) throw invalid(`the entry ${quote(path)} has an absolute path`);
  if (name.split('/').includes('..')) throw invalid(`the entry ${quote(path)} leads out of the archive`);
  return { name, known: knownPattern.test(name) };
}

/**
 * Where a link leads: docker once wrote a layer that an archive already has as a link to it, and there is no other
 * use for links.
 * @throws SignpostError SOURCE_INVALID
 */
export function parseLink(name: string, target: string, hard: boolean): string {
  const up = hard ? target : target.replace(/^\.\.\//, '');
  const depth = !hard && target.startsWith('../') ? 1 : 0;
  const fits = depth === (hard ? 0 : name.split('/').length - 1);
  if (layerPattern.test(name) && layerPattern.test(up) && fits && up !== name) return up;
  throw invalid(`the entry ${quote(name)} is a link to ${quote(target)}: expected links between layers only`);
}

function invalid(message: string): SignpostError {
  return new SignpostError('SOURCE_INVALID', message);
}
