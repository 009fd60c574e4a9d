import { parseCid, shortCid } from '../../core/cid.ts'
import type { Score } from '../../core/contribution/schema.ts'
import { cutText } from './width.ts'

/** Formats values for the screen. */

/**
 * Characters that control a terminal or reorder its text: C0, DEL, C1, bidirectional, separators.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * Characters that show nothing and join nothing: names may differ by them alone, and text may hide
 * in them from people that programs read. What emoji and scripts are joined with is not among them.
 */
export const INVISIBLE =
  /[\u00ad\u115f\u1160\u180e\u200b\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/gu

/** Foreign text on one line, without control characters and invisible ones. */
export function printable(text: string): string {
  return shown(text.replace(/\r?\n/g, ' '))
}

/** Foreign text that may have several lines, without control characters and invisible ones. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => shown(line.replaceAll('\t', '  ')))
    .join('\n')
}

const shown = (text: string) => text.replace(CONTROL, '\u{fffd}').replace(INVISIBLE, '\u{fffd}')

/** A cid as people read and type it: the first 12 hex digits. */
export function short(cid: string): string {
  return shortCid(parseCid(cid))
}

/** A grove's key as people read it: its first 8 hex digits. */
export function shortKey(peerId: string): string {
  return printable(peerId.replace(/^(ed25519:[0-9a-f]{8})[0-9a-f]{56}$/, '$1'))
}

/** `250 ms`, `3.2 s`, `4 min`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 7_200_000 ? `${Math.round(ms / 60_000)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

/** A number by itself: exact up to 12 characters, else with 8 significant digits. */
export function formatNumber(value: number): string {
  const exact = String(value)
  return exact.length <= 12 ? exact : rounded(value, 8)
}

/** Significant digits that a number has at least beside others, if it has so many. */
const DIGITS_MIN = 5
/** Significant digits that tell any two doubles apart. */
const DIGITS_MAX = 17

/**
 * How these numbers are written beside each other: as short as tells them apart, with the same
 * number of digits and their points in one column.
 */
export function numberFormat(values: readonly number[]): (value: number) => string {
  const distinct = [...new Set(values)]
  let digits = DIGITS_MIN
  const textsOf = () => distinct.map((value) => rounded(value, digits))
  while (digits < DIGITS_MAX && new Set(textsOf()).size < distinct.length) digits += 1
  const decimals = Math.max(0, ...textsOf().map(decimalsOf))
  return (value) => {
    const text = rounded(value, digits)
    return text + ' '.repeat(Math.max(0, decimals - decimalsOf(text)))
  }
}

/** Characters from the decimal point on. */
function decimalsOf(text: string): number {
  const point = text.indexOf('.')
  return point < 0 || text.includes('e') ? 0 : text.length - point
}

/** A number with so many significant digits, without zeros at its end. Integers stay whole. */
function rounded(value: number, digits: number): string {
  if (Number.isInteger(value)) return String(value)
  const whole = Math.max(1, Math.floor(Math.log10(Math.abs(value))) + 1)
  return String(Number(value.toPrecision(Math.min(100, Math.max(digits, whole)))))
}

/** `val_bpb 0.95 bpb ↓`: the arrow says which way is better. */
export function formatScore(name: string, score: Score): string {
  const unit = score.unit === undefined ? '' : ` ${printable(score.unit)}`
  return `${printable(name)} ${formatNumber(score.value)}${unit} ${arrow(score.direction)}`
}

/**
 * Scores in forms that take less and less room: as many as fit, with the number of the others; at
 * last the first alone, its name cut and its value rounded. None is without a name, which would be
 * taken for that of the row above.
 */
export function scoreForms(scores: Readonly<Record<string, Score>> | undefined): string[] {
  const all = Object.entries(scores ?? {})
  const [first] = all
  if (first === undefined) return ['']
  const texts = all.map(([name, score]) => formatScore(name, score))
  const more = (shown: number) => (shown === all.length ? '' : ` +${all.length - shown}`)
  const several = texts.map(
    (_, index) => `${texts.slice(0, index + 1).join(', ')}${more(index + 1)}`,
  )
  const [name, { value, direction }] = first
  const rounded = Number(value.toPrecision(ROUNDED_DIGITS))
  const alone = (most: number) =>
    `${cutText(printable(name), most)} ${formatNumber(rounded)} ${arrow(direction)}`
  return [...several.toReversed(), `${alone(24)}${more(1)}`, `${alone(8)}${more(1)}`, alone(5)]
}

const ROUNDED_DIGITS = 6

/** The direction that is better. */
export function arrow(direction: Score['direction']): string {
  return direction === 'minimize' ? '↓' : '↑'
}

/** `1 peer`, `2 peers`, `2 replies`. */
export function plural(count: number, noun: string): string {
  return `${count} ${count === 1 ? noun : noun.replace(/([^aeiou])y$/, '$1ie').concat('s')}`
}
