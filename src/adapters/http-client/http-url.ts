/** An http or https URL without credentials; undefined for anything else. */
export function readHttpUrl(text: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    return undefined;
  }
  return url;
}

/** The host without its port, and without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}
