/** What a line is about. Pass an error as `err`: the log writes its stack and its causes. */
type Fields = Readonly<Record<string, unknown>>

/** A structured log. A message says in a few fixed words what happened, its fields to what. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  error(message: string, fields?: Fields): void
}

/** A log that drops every line. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }
