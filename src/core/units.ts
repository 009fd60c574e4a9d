import { GroveError } from './errors.ts'

/**
 * Amounts as people write them on the command line, in the environment and in grove.json. All
 * parsers throw `usage-error`.
 */

const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Milliseconds of a duration such as `500ms`, `30s`, `5m`, `1.5h`, `2d`. `0` needs no unit. */
export function parseDuration(text: string): number {
  if (text.trim() === '0') return 0
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(text.trim()) ?? []
  const scale = durationUnits[unit]
  if (amount === undefined || scale === undefined)
    throw usage(`${quoted(text)} is not a duration such as 500ms, 30s, 5m or 1h`)
  return Math.round(Number(amount) * scale)
}

const sizeUnits: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
}

/** Bytes of a size such as `64MiB`, `10MB` or `1024`. Units are read in either case. */
export function parseSize(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? []
  const scale = sizeUnits[unit.toLowerCase()]
  if (amount === undefined || scale === undefined)
    throw usage(`${quoted(text)} is not a size such as 64MiB, 10MB or 1024`)
  const bytes = Math.round(Number(amount) * scale)
  if (!Number.isSafeInteger(bytes)) throw usage(`${quoted(text)} is too large a size`)
  return bytes
}

/** A whole number from `least` to `most`, written in decimal digits. */
export function parseCount(
  text: string,
  least = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(count >= least && count <= most)) {
    const range =
      most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`
    throw usage(`${quoted(text)} is not a whole number ${range}`)
  }
  return count
}

/** A finite number. */
export function parseNumber(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value)) throw usage(`${quoted(text)} is not a number`)
  return value
}

/**
 * The two halves of `name=value`, split at the last `=`. The name may not be empty. `example` shows
 * the form in the error message.
 */
export function parseAssignment(text: string, example: string): [name: string, value: string] {
  const at = text.lastIndexOf('=')
  if (at < 1) throw usage(`${quoted(text)} does not have the form ${example}`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

function usage(message: string): GroveError {
  return new GroveError('usage-error', {}, { message })
}

const shownUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** `1.5 MiB`; `?` for a negative size, which means that it is unknown. */
export function formatSize(bytes: number): string {
  if (bytes < 0) return '?'
  const step = Math.min(shownUnits.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10))
  const amount = bytes / 2 ** (10 * step)
  return `${step === 0 ? amount : amount.toFixed(amount < 100 ? 1 : 0)} ${shownUnits[step]}`
}
