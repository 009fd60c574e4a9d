import { hashBytes } from '../cid.ts'
import type { Origin } from './origin.ts'

/** Characters of a fingerprint of who has signed one contribution. */
export const ORIGIN_MARK_CHARS = 20
/** That of a contribution that nobody has signed, or that is not held. */
export const NO_ORIGINS = '0'.repeat(ORIGIN_MARK_CHARS)

const encoder = new TextEncoder()

/** A fingerprint of which keys have signed a contribution. */
export function originMark(origins: readonly Pick<Origin, 'peerId'>[]): string {
  if (origins.length === 0) return NO_ORIGINS
  const keys = origins.map(({ peerId }) => peerId).sort()
  return hashBytes(encoder.encode(keys.join(' '))).slice(-ORIGIN_MARK_CHARS)
}

/** The fingerprints in a text of several, one after the other. */
export const originMarksIn = (text: string): string[] =>
  Array.from({ length: Math.floor(text.length / ORIGIN_MARK_CHARS) }, (_, n) =>
    text.slice(n * ORIGIN_MARK_CHARS, (n + 1) * ORIGIN_MARK_CHARS),
  )
