/** What a path of the pull API is about, by its last word but one (distribution-spec 1.1, "Endpoints"). */
export type PullKind = 'blobs' | 'manifests' | 'tags' | 'referrers' | 'signatures';

/** The parts of a path of the pull API. None of them has been looked at. */
export interface PullPathParts {
  readonly repository: string;
  readonly kind: string;
  /** A digest, a tag, or what else stands last. */
  readonly reference: string;
}

/**
 * The path of something in a repository, without a slash at its beginning: on a registry below its address, in the tree
 * below its folder, and on a mirror below its URL.
 */
export function printPullPath(repository: string, kind: PullKind, reference: string): string {
  return `v2/${repository}/${kind}/${reference}`;
}

/**
 * Takes `<repository>/<kind>/<reference>` apart, which follows `v2/`. A name may itself have a part "blobs", so what counts
 * is the end. Undefined when the path has fewer than three parts.
 */
export function splitPullPath(path: string): PullPathParts | undefined {
  const last = path.lastIndexOf('/');
  const middle = path.lastIndexOf('/', last - 1);
  if (last <= 0 || middle <= 0) return undefined;
  return {
    repository: path.slice(0, middle),
    kind: path.slice(middle + 1, last),
    reference: path.slice(last + 1),
  };
}
