/** The first and the last moment that RFC 3339 can write in UTC, in Unix ms: years 0000 to 9999. */
export const EARLIEST_MS = Date.parse('0000-01-01T00:00:00.000Z')
const LATEST_MS = Date.parse('9999-12-31T23:59:59.999Z')

/** Whether a moment (Unix ms) can be written in UTC. An offset may carry a valid date out of it. */
export const isWritable = (ms: number): boolean => ms >= EARLIEST_MS && ms <= LATEST_MS

/** A moment (Unix ms) as it is written on the wire: RFC 3339, in UTC, with milliseconds. */
export const timestamp = (ms: number): string => new Date(ms).toISOString()
