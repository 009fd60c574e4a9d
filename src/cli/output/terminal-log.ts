import type { LogLevel } from '../../config/layer.ts'
import { isGroveError } from '../../core/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import { type Log, silentLog } from '../../ports/log.ts'
import { formatDuration, printable, printableLines } from './format.ts'
import { note, type Output } from './output.ts'
import { formatClock } from './time.ts'

type LineLevel = keyof Log
type Fields = Readonly<Record<string, unknown>>

const severity: Readonly<Record<LogLevel, number>> = {
  debug: 0,
  info: 1,
  warn: 2,
  error: 3,
  silent: 4,
}

/** Lines that wait for a terminal that is stopped, in bytes. */
const WAITING_MAX = 1024 * 1024
const LOST = 'lines of the log were lost, since the terminal was stopped'

/**
 * A log for a person at a terminal: one line an event, on stderr. It waits for no terminal that is
 * stopped (Ctrl-S): lines that have no room any more are lost, and what is logged next says so.
 */
export function terminalLog(output: Output, clock: Clock, least: LogLevel): Log {
  const { notes } = output
  doNotWait(notes)
  let lost = 0
  const write = (level: LineLevel, message: string, fields: Fields) =>
    note(output, logLine(level, message, fields, new Date(clock.now()).toISOString()))
  const at =
    (level: LineLevel) =>
    (message: string, fields: Fields = {}) => {
      if (severity[level] < severity[least]) return
      if (notes.writableLength > WAITING_MAX) {
        lost++
        return
      }
      if (lost > 0) write('warn', LOST, { lost })
      lost = 0
      write(level, message, fields)
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** The log of a command: warnings, on stderr. */
export function warnings(output: Output): Log {
  return {
    ...silentLog,
    warn(message, { err, ...rest }: Fields = {}) {
      note(output, `grove: ${message}${listed(rest)}`)
      if (err !== undefined) note(output, errorText(err))
    },
  }
}

/** Node has the whole process wait for a terminal, and no other way to change that. */
function doNotWait(stream: NodeJS.WriteStream): void {
  const { _handle } = stream as { _handle?: { setBlocking?: (isBlocking: boolean) => void } }
  _handle?.setBlocking?.(false)
}

/** An event as people read it; the stack of an error follows on lines of its own. Pure. */
export function logLine(
  level: LineLevel,
  message: string,
  fields: Fields,
  timestamp: string,
): string {
  const { err, ...rest } = fields
  const text = message === 'request' ? requestText(rest) : `${message}${listed(rest)}`
  const head = `${formatClock(timestamp)}  ${level === 'info' ? '' : `${level}: `}${text}`
  return err === undefined ? head : `${head}\n${errorText(err)}`
}

/** `127.0.0.1  POST /api/contributions  201  3 ms  cid 24c41ac12fbc, by ada`. */
function requestText({ from, method, target, status, ms, ...rest }: Fields): string {
  const took = formatDuration(Number(ms))
  const request = printable(`${method} ${target}`)
  return `${from ?? 'gone'}  ${request}  ${status}  ${took}${listed(rest)}`
}

function listed(fields: Fields): string {
  const parts = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== '' && !isEmpty(value))
    .map(([name, value]) => `${name} ${valueText(value)}`)
  return parts.length === 0 ? '' : `  ${parts.join(', ')}`
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function valueText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  return printable(text.replace(/^blake3:([0-9a-f]{12})[0-9a-f]{52}$/, '$1'))
}

function errorText(error: unknown): string {
  if (!(error instanceof Error)) return `  ${printable(String(error))}`
  const stack = isGroveError(error) ? error.message : (error.stack ?? error.message)
  const cause = error.cause === undefined ? '' : `\n  because of\n${errorText(error.cause)}`
  const lines = printableLines(stack).split('\n')
  return lines.map((line) => `  ${line}`).join('\n') + cause
}
