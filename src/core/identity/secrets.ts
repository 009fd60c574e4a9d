import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

const encoder = new TextEncoder()

/** The SHA-256 hash of some bytes for one purpose, in hex. */
export function sha256Hex(purpose: string, bytes: Uint8Array): string {
  return createHash('sha256')
    .update(encoder.encode(`grove/${purpose}/1\n`))
    .update(bytes)
    .digest('hex')
}

/** The SHA-256 hash of bytes as they are, in hex. */
export const plainSha256Hex = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex')

/** Whether two secrets are equal, in a time that doesn't say how far they agree. */
export function areEqual(one: string, other: string): boolean {
  const [a, b] = [encoder.encode(one), encoder.encode(other)]
  return a.byteLength === b.byteLength && timingSafeEqual(a, b)
}

/** HMAC-SHA-256 (RFC 2104) of lines for one purpose, by a key in hex; in hex. */
export function hmacHex(purpose: string, keyHex: string, lines: readonly string[]): string {
  return createHmac('sha256', Buffer.from(keyHex, 'hex'))
    .update(`grove/${purpose}/1\n${lines.join('\n')}\n`)
    .digest('hex')
}
