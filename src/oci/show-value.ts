/**
 * The first characters of a value as JSON would have it: a few more than `limit`, however deep or long the value is.
 * Nothing of it is visited beyond that. For what JSON has no words for, such as `undefined`, the value's own name.
 */
export function showValue(value: unknown, limit: number): string {
  let text = '';
  const isFull = () => text.length > limit;
  const cut = (long: string) => JSON.stringify(long.slice(0, Math.max(limit + 1 - text.length, 0)));
  // Each level adds a bracket, so that the text is full before the stack is.
  const add = (item: unknown): void => {
    if (typeof item === 'string') text += cut(item);
    else if (ArrayBuffer.isView(item)) text += `${item.byteLength} bytes`;
    else if (Array.isArray(item)) addEach('[', item.length, (index) => add(item[index]), ']');
    else if (typeof item === 'object' && item !== null) addObject(item);
    else text += String(item);
  };
  const addObject = (item: object) => {
    const keys = Object.keys(item);
    const addField = (index: number) => {
      const key = keys[index] ?? '';
      text += `${cut(key)}:`;
      add(Reflect.get(item, key));
    };
    addEach('{', keys.length, addField, '}');
  };
  const addEach = (open: string, count: number, addOne: (index: number) => void, close: string) => {
    text += open;
    for (let index = 0; index < count && !isFull(); index += 1) {
      if (index > 0) text += ',';
      addOne(index);
    }
    text += close;
  };
  add(value);
  return text;
}

/** Characters that act on a terminal, hide, or turn the text around: controls, format characters, line separators. */
const acting = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text with every character that acts on whoever shows it written as JSON would escape it. */
export function escapeActing(text: string): string {
  return text.replaceAll(acting, (character) => [...unitsOf(character)].join(''));
}

/** What a library says of hostile input, in which parts of that stand: cut after `limit` characters, each line escaped. */
export function showLines(text: string, limit = 1000): string {
  const shown = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return shown.trimEnd().split('\n').map(escapeActing).join('\n');
}

function* unitsOf(character: string): Generator<string> {
  for (let at = 0; at < character.length; at += 1) {
    yield `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  }
}
