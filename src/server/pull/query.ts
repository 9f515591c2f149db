/** The first value of a parameter of a query string, decoded; undefined when it is absent or badly encoded. */
export function queryValue(query: string, name: string): string | undefined {
  for (const pair of query.split('&')) {
    const equals = pair.indexOf('=');
    if ((equals < 0 ? pair : pair.slice(0, equals)) !== name) continue;
    try {
      return decodeURIComponent((equals < 0 ? '' : pair.slice(equals + 1)).replaceAll('+', '%20'));
    } catch {
      return undefined;
    }
  }
  return undefined;
}
