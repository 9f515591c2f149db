/**
 * Whether an Accept header covers a media type (RFC 9110, section 12.5.1). No header covers everything; a type with
 * `q=0` is not covered. Media types are compared without case, parameters other than `q` do not matter.
 */
export function accepts(header: string | undefined, mediaType: string): boolean {
  if (header === undefined || header.trim() === '') return true;
  const wanted = mediaType.toLowerCase();
  const anySubtype = `${wanted.slice(0, wanted.indexOf('/'))}/*`;
  // The most specific range that matches counts: "a/b;q=0, */*" does not cover a/b.
  let best = 0;
  let covered = false;
  for (const part of header.split(',')) {
    const [range = '', ...parameters] = part.split(';');
    const name = range.trim().toLowerCase();
    const rank = name === wanted ? 3 : name === anySubtype ? 2 : name === '*/*' ? 1 : 0;
    if (rank === 0 || rank < best) continue;
    const allowed = !parameters.some((parameter) => /^\s*q\s*=\s*0(?:\.0{0,3})?\s*$/i.test(parameter));
    covered = rank === best ? covered || allowed : allowed;
    best = rank;
  }
  return covered;
}
