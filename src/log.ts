import { type LevelWithSilent, pino } from 'pino'
import type { Log } from './ports/log.ts'

/**
 * A log that writes one JSON line an event on stderr: stdout is for answers. Lines are written at
 * once, so that none is lost at exit.
 */
export function stderrLog(level: LevelWithSilent): Log {
  const stderr = pino.destination({ fd: 2, sync: true })
  // When nobody reads stderr any more, the lines are lost; the grove goes on.
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
