/**
 * Settings that had another name once: the place of the old one in its file, without the numbers of lists, and what it is
 * called now. Nobody has to look for a setting that is refused as unknown.
 */
export const renamedSettings: Readonly<Record<string, string>> = {
  // The configuration.
  'mirrors.greatestShare': 'maxShare',
  'mirrors.reaskWindow': 'retryWindow',
  'mirrors.wholeInterval': 'wholeBlobInterval',
  'repositories.maximumLife': 'maximumValidity',
  'statistics.keep': 'retention',
  'tuf.timestampLife': 'timestampValidity',
  'webhooks.contactSecretFile': 'masterSecretFile',
  // A signer's policy.
  'rules.maximumLife': 'maximumValidity',
  // The files of `signpost sign --tuf` and `--notary`.
  lives: 'validity',
};

/** What the setting `key` below `path` is called now, where it had another name once. */
export function newNameOf(path: readonly PropertyKey[], key: string): string | undefined {
  const names = [...path, key].filter((one) => typeof one === 'string');
  const old = names.join('.');
  return Object.hasOwn(renamedSettings, old) ? renamedSettings[old] : undefined;
}
