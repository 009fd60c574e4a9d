type Fields = Readonly<Record<string, unknown>>

/** Structured log lines: what happened in a few fixed words, and to which object. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
