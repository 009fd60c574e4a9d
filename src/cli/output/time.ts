import type { Clock } from '../../ports/clock.ts'
import type { Output } from './output.ts'

/** Moments as people read them: in the time of the machine, which says so, or as so long ago. */

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** What is older is shown by its date. */
const AGO_MAX_MS = 30 * DAY_MS

/** `2026-03-01 10:30:00 +01:00`. `offsetMinutes` is the distance to UTC; default: as here. */
export function formatTime(timestamp: string, offsetMinutes = offsetHere(timestamp)): string {
  const local = new Date(Date.parse(timestamp) + offsetMinutes * MINUTE_MS).toISOString()
  const [hours, minutes] = [offsetMinutes / 60, offsetMinutes % 60].map((part) =>
    String(Math.trunc(Math.abs(part))).padStart(2, '0'),
  )
  const offset = `${offsetMinutes < 0 ? '-' : '+'}${hours}:${minutes}`
  return `${local.slice(0, 10)} ${local.slice(11, 19)} ${offset}`
}

/** `10:30:00`, in the time of this machine. */
export function formatClock(timestamp: string, offsetMinutes = offsetHere(timestamp)): string {
  return formatTime(timestamp, offsetMinutes).slice(11, 19)
}

/** `5 min ago`; a date where that is a month ago or more. `now` in Unix ms. */
export function formatAgo(timestamp: string, now: number): string {
  const ms = now - Date.parse(timestamp)
  const size = Math.abs(ms)
  if (!(size < AGO_MAX_MS)) return formatTime(timestamp).slice(0, 10)
  if (size < 1_000) return 'now'
  const amount = amountOf(size)
  return ms < 0 ? `in ${amount}` : `${amount} ago`
}

/** How an answer shows moments: as so long ago on a terminal, in full in a file or a pipe. */
export function momentsIn(output: Output, clock: Clock): (timestamp: string) => string {
  if (output.answer.isTTY !== true) return (timestamp) => formatTime(timestamp)
  const now = clock.now()
  return (timestamp) => formatAgo(timestamp, now)
}

function amountOf(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / 1_000)} s`
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`
  return `${Math.floor(ms / DAY_MS)} d`
}

function offsetHere(timestamp: string): number {
  return -new Date(timestamp).getTimezoneOffset()
}
