/** A moment (Unix ms) as it is written on the wire: RFC 3339, in UTC, with milliseconds. */
export const timestamp = (ms: number): string => new Date(ms).toISOString()
