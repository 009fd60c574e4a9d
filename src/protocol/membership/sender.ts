import type { PeerAddress } from '../../core/peers/peer.ts'

/**
 * The sender of a message, at the address under which it is known here, or else at the one that it
 * gives.
 */
export interface Sender extends PeerAddress {
  /** Whether it is known to answer at that address. */
  readonly proven: boolean
}

/** A sender, the share that its address has, and whether the message came from its host. */
export interface Speaker extends Sender {
  readonly host: string
  readonly own: boolean
}
