import type { AskedImage } from '../verify/signed-name.ts';
import type { ContainersPolicy, PolicyRequirement } from './policy.ts';

/** The requirements for an image and the scope that they are from: the most particular one alone counts. */
export function chooseRequirements(
  policy: ContainersPolicy,
  asked: AskedImage,
): { readonly scope: string; readonly requirements: readonly PolicyRequirement[] } {
  for (const scope of [...scopesOf(asked), '']) {
    const requirements = policy.docker.get(scope);
    if (requirements === undefined) continue;
    return {
      scope: scope === '' ? 'the default of the transport "docker"' : `the scope "${scope}"`,
      requirements,
    };
  }
  return { scope: 'the default', requirements: policy.default };
}

/**
 * The scopes that an image is in, the most particular first (containers-policy.json(5), "docker:"): the whole
 * reference, the repository, its namespaces, the host with its port, and the host's domains as `*.domain`.
 */
export function scopesOf({ host, repository, reference }: AskedImage): readonly string[] {
  const name = `${host}/${repository}`;
  const scopes = [`${name}${reference.includes(':') ? '@' : ':'}${reference}`];
  for (let end = name.length; end > 0; end = name.lastIndexOf('/', end - 1)) scopes.push(name.slice(0, end));
  // Wildcards stand for subdomains, without a port and never for the domain itself.
  const [domain = ''] = host.split(':');
  for (let dot = domain.indexOf('.'); dot >= 0; dot = domain.indexOf('.', dot + 1)) {
    scopes.push(`*.${domain.slice(dot + 1)}`);
  }
  return scopes;
}
