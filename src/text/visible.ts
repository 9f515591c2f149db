// Controls of C0 and C1 and DEL; format characters, the bidirectional ones among them; separators of lines and paragraphs;
// halves of a surrogate pair.
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
// Most text has nothing of the kind, and is passed through at once.
const plain = /^[\n\x20-\x7e]*$/;

/**
 * Text of which strangers may have written a part, as it goes out to people: whatever a terminal acts upon, or does not
 * show, is escaped as in JSON, so that JSON stays the same JSON. Line feeds stay.
 */
export function visible(text: string): string {
  return plain.test(text) ? text : text.replace(hidden, (found) => (found === '\n' ? found : escape(found)));
}

/** The same of one line: a line feed in it would begin a line that nobody here has written. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll('\n', '\\n');
}

function escape(character: string): string {
  let escaped = '';
  for (let at = 0; at < character.length; at += 1) {
    escaped += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}
