import type { Platform } from '../src/oci/platform.ts';

/** A package of the npm registry at one exact version, with the hash of its tarball (Subresource Integrity). */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

/** Where the demo image comes from: esbuild (MIT), whose programs are static Go binaries for many platforms. */
export const programVersion = '0.28.2';

/** Each platform of the demo image, and the package with its program at `bin/esbuild`. */
export const programPackages: readonly { readonly platform: Platform; readonly package: PinnedPackage }[] = [
  {
    platform: { os: 'linux', architecture: 'amd64' },
    package: pin(
      '@esbuild/linux-x64',
      '4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==',
    ),
  },
  {
    platform: { os: 'linux', architecture: 'arm64' },
    package: pin(
      '@esbuild/linux-arm64',
      'pW4AC0P3it8c7do9MVM4p51FzHzdM/TZrerurgRcHJ2WTa1VQ1CIq18xncfpBJw4ojkiZZrKW2yIBWBP92j6Ug==',
    ),
  },
  {
    platform: { os: 'linux', architecture: 'ppc64le' },
    package: pin(
      '@esbuild/linux-ppc64',
      'CAXl+Dtd9UUuJd8pKKdwh6MLm3MUMiqMPmhZ3tTSXPqfyQ3vDl6R5hZdZ/kYojK4ofXtdfSv1tFq8XzWx3heNQ==',
    ),
  },
  {
    platform: { os: 'linux', architecture: 's390x' },
    package: pin(
      '@esbuild/linux-s390x',
      '3H1weTYZPxt/WOhByszQZybS9w5lKzUn1FDMsgEChbHWQwHYQQRfBxgCcZvPhjHfKyJjIievvMmEUawJrdY9Dg==',
    ),
  },
];

/** The package with the licence and the readme, at `LICENSE.md` and `README.md`. */
export const documentPackage: PinnedPackage = pin(
  'esbuild',
  'HKVLS8dvII+xoKW9kmqxbRKrnWEXfJJr/FZhhJmiqIB0e053QNYFqOBouTMO/k5sID4MvCiUCvv8b9M4h32wIA==',
);

function pin(name: string, sha512: string): PinnedPackage {
  return { name, version: programVersion, integrity: `sha512-${sha512}` };
}
