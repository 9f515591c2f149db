/** The programs that pull images, as statistics tell them apart. */
type ClientKind =
  | 'docker'
  | 'containerd'
  | 'podman'
  | 'skopeo'
  | 'buildah'
  | 'cri-o'
  | 'containers-image'
  | 'buildkit'
  | 'cosign'
  | 'notation'
  | 'crane'
  | 'oras'
  | 'kaniko'
  | 'signpost'
  | 'mirror-sync'
  | 'other';

/** How a User-Agent begins (RFC 9110, section 10.1.5: the most significant product comes first). */
const byProduct: ReadonlyMap<string, ClientKind> = new Map([
  ['docker', 'docker'],
  ['containerd', 'containerd'],
  ['podman', 'podman'],
  ['libpod', 'podman'],
  ['skopeo', 'skopeo'],
  ['buildah', 'buildah'],
  ['cri-o', 'cri-o'],
  // The library's own name, where the program gives none.
  ['containers', 'containers-image'],
  ['buildkit', 'buildkit'],
  ['cosign', 'cosign'],
  ['notation', 'notation'],
  ['crane', 'crane'],
  ['go-containerregistry', 'crane'],
  ['oras', 'oras'],
  ['oras-go', 'oras'],
  ['kaniko', 'kaniko'],
  ['signpost', 'signpost'],
]);

/** What `signpost sync` says of itself: it fills a mirror. */
const syncPattern = /^signpost\/[^\s()]{1,64} \(mirror sync\)$/;
const productPattern = /^([a-z][a-z-]{1,31})(?:\/|$)/i;

/** What kind of client sends this User-Agent. It is what the client says of itself, and nothing but counts depends on it. */
export function clientKindOf(userAgent: string | undefined): ClientKind {
  if (userAgent === undefined) return 'other';
  if (syncPattern.test(userAgent)) return 'mirror-sync';
  const product = productPattern.exec(userAgent)?.[1]?.toLowerCase();
  return product === undefined ? 'other' : (byProduct.get(product) ?? 'other');
}
