import { fstatSync } from 'node:fs'
import { type DestinationStream, type LevelWithSilent, pino } from 'pino'
import type { Log } from './ports/log.ts'

type Fields = Readonly<Record<string, unknown>>

/** Lines that wait for somebody who reads stderr too slowly, in characters. */
const WAITING_MAX = 1024 * 1024

/**
 * A log that writes one JSON line per event to stderr; stdout is for results. It writes each line
 * at once, so that none is lost at exit. If nobody reads stderr, or not as fast, lines are lost and
 * the grove goes on.
 */
export function stderrLog(level: LevelWithSilent, stderr: NodeJS.WriteStream): Log {
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: {
      err: (err: unknown) => (err instanceof Error ? pino.stdSerializers.err(err) : err),
    },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = pino(
    options,
    isRead(2) ? forReader(stderr, (lost) => logger.warn({ lost }, LOST)) : toFile(2),
  )
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: Fields = {}) =>
      logger[name](name === 'warn' ? withoutStack(fields) : fields, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** The error of a warning is foreseen: a stack would make it look like a bug. */
function withoutStack({ err, ...fields }: Fields): Fields {
  if (!(err instanceof Error)) return { ...fields, ...(err !== undefined && { err }) }
  const { code, details } = err as { code?: unknown; details?: unknown }
  const cause = err.cause instanceof Error ? err.cause.message : undefined
  return { ...fields, err: { code, message: err.message, details, cause } }
}

const LOST = 'lines of the log were lost, since nobody read them in time'

/** Whether a process reads what is written there: it may do so slowly, or never. */
function isRead(fd: number): boolean {
  const kind = fstatSync(fd)
  return kind.isFIFO() || kind.isSocket()
}

function toFile(fd: number): DestinationStream {
  const stream = pino.destination({ fd, sync: true })
  stream.on('error', () => {})
  return stream
}

/** Waits for no reader. What was lost is told with the next line that has room. */
function forReader(
  stream: NodeJS.WriteStream,
  tellLost: (lines: number) => void,
): DestinationStream {
  let lost = 0
  stream.on('error', () => {})
  return {
    write(line) {
      if (stream.writableLength > WAITING_MAX) {
        lost++
        return
      }
      const before = lost
      lost = 0
      if (before > 0) tellLost(before)
      stream.write(line)
    },
  }
}
