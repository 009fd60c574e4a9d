import type { KeyId } from '../identity/ed25519.ts'

/** Digits of a key that tell it from all others: nobody can make another key that has them. */
const DIGITS = 32
const PATTERN = /^http:\/\/[0-9a-f]{32}\.invalid$/

/**
 * The address of a grove that nobody can dial. It leads nowhere (RFC 6761 §6.4), except at a hub to
 * which that grove holds a line.
 */
export const leafAddress = (peerId: KeyId | string): string =>
  `http://${peerId.slice(-DIGITS)}.invalid`

/** Whether an address is that of a leaf. */
export const isLeafAddress = (address: string): boolean => PATTERN.test(address)
