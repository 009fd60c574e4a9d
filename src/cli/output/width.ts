import { stripVTControlCharacters } from 'node:util'

/** How much room text takes on a terminal. */

/** Made at the first use, since it takes 9 ms. */
let graphemes: Intl.Segmenter | undefined
/** Letters of East Asian scripts and most emoji, which take two columns. Unicode TR 11. */
const WIDE = [
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f]/,
  /^[\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u,
]
const INVISIBLE = /^[\p{Mark}\p{Format}]+$/u

/** Columns that text takes, without the escapes that style it. */
export function widthOfText(text: string): number {
  const plain = stripVTControlCharacters(text)
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length
  return lettersOf(plain).reduce((sum, letter) => sum + widthOfLetter(letter), 0)
}

/** The text in at most `width` columns. What was cut ends with `…`. */
export function cutText(text: string, width: number): string {
  if (widthOfText(text) <= width) return text
  return `${startOf(stripVTControlCharacters(text), width - 1).trimEnd()}…`
}

/** The end of the text in at most `width` columns. What was cut began where `…` is. */
export function cutTextStart(text: string, width: number): string {
  if (widthOfText(text) <= width) return text
  const letters = lettersOf(stripVTControlCharacters(text)).toReversed()
  return `…${lettersOf(startOf(letters.join(''), width - 1))
    .toReversed()
    .join('')}`
}

/** The text in at most `most` lines of `width` columns, broken between words if possible. */
export function wrapText(text: string, width: number, most = Number.POSITIVE_INFINITY): string[] {
  const lines: string[] = []
  let rest = text.trimEnd()
  while (widthOfText(rest) > width && lines.length < most - 1) {
    const start = startOf(rest, width + 1)
    const space = start.lastIndexOf(' ')
    const line = space > 0 ? start.slice(0, space) : startOf(rest, width)
    if (line === '') break
    lines.push(line.trimEnd())
    rest = rest.slice(line.length).trimStart()
  }
  return [...lines, cutText(rest, width)]
}

/** As many whole letters as fit. */
function startOf(text: string, width: number): string {
  let taken = ''
  let left = width
  for (const letter of lettersOf(text)) {
    left -= widthOfLetter(letter)
    if (left < 0) break
    taken += letter
  }
  return taken
}

function lettersOf(text: string): string[] {
  graphemes ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  return Array.from(graphemes.segment(text), ({ segment }) => segment)
}

function widthOfLetter(letter: string): number {
  if (INVISIBLE.test(letter)) return 0
  return WIDE.some((wide) => wide.test(letter)) ? 2 : 1
}
