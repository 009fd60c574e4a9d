/**
 * Compares texts by code point, which is the order of their UTF-8 bytes and so that of SQLite. `<`
 * goes by UTF-16 units, in which U+10000 comes before U+FFFF. Cids are ASCII: there `<` does.
 */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) {
    const [x, y] = [a.charCodeAt(index), b.charCodeAt(index)]
    if (x === y) continue
    // A surrogate is half of a code point above all others.
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff

/** An address as messages may show it: without user, password and query, which may be secrets. */
export const withoutSecrets = (address: string): string =>
  address.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@').replace(/\?.*$/s, '?…')

/** What a search looks for has at least one letter or digit. */
export const hasWord = (text: string): boolean => /[\p{L}\p{N}\p{M}]/u.test(text)

/** Characters that control a terminal or reorder its text: C0, C1, bidirectional, separators. */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u

/** Whether a text that should be one plain line has characters that a terminal would obey. */
export const hasControls = (text: string): boolean => CONTROL.test(text)

/** A text without the slashes at its end. O(n): a pattern would look at a run once from each. */
export function withoutSlashes(text: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === '/') end -= 1
  return text.slice(0, end)
}
