/** How a pull, or a verification, ended for a client that was lied to. */
export type Outcome = 'refuses' | 'right image' | 'takes it' | 'reads on' | 'stands still';

/** What each outcome means, for the page. */
export const meanings: Readonly<Record<Outcome, string>> = {
  refuses: 'it ends with an error, and the image is not there',
  'right image': 'the lie has no effect: what it takes, or names, is the newest image that was signed',
  'takes it': 'it is **blind** to this: it takes, or vouches for, what the attacker wants',
  'reads on': 'it ends with an error, but only when the data does, after 48 MiB',
  'stands still': 'it does not end by itself within 60 seconds',
};

/** The columns of the table. */
export const columns = [
  'docker',
  'docker, content trust',
  'notary',
  'podman',
  'skopeo',
  'skopeo --all',
  'tuf-js',
  'signpost verify',
  'cosign',
  'notation',
] as const;
export type Column = (typeof columns)[number];
