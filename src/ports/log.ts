/** What a line is about. An error goes in as `err`: it is written with its stack and its causes. */
type Fields = Readonly<Record<string, unknown>>

/** Structured log lines: what happened in a few fixed words, and to which object. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
