/** Whether two names mean one image: docker writes `a/b`, containerd and podman `docker.io/a/b:latest`. */
export function sameImageName(left: string, right: string): boolean {
  return normalize(left) === normalize(right);
}

function normalize(name: string): string {
  const short = name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  return short.lastIndexOf(':') > short.lastIndexOf('/') ? short : `${short}:latest`;
}
