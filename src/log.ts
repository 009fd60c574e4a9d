import { type LevelWithSilent, pino } from 'pino'
import type { Log } from './ports/log.ts'

/**
 * A log that writes one JSON line per event to stderr; stdout is for results. It writes each line
 * at once, so that none is lost at exit.
 */
export function stderrLog(level: LevelWithSilent): Log {
  const stderr = pino.destination({ fd: 2, sync: true })
  // If nobody reads stderr any more, the lines are lost and the grove goes on.
  stderr.on('error', () => {})
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: pino.stdSerializers.err },
    formatters: { level: (label: string) => ({ level: label }) },
  }
  const logger = pino(options, stderr)
  const at =
    (name: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: Readonly<Record<string, unknown>>) =>
      logger[name](fields ?? {}, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
