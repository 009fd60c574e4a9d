/**
 * A peer: its id and the address at which it answers. A seed that was given as a plain URL has that
 * URL as its id until it answers.
 */
export interface PeerAddress {
  readonly peerId: string
  readonly address: string
}

/** The peer's id and address alone, of a value that has more. */
export const addressOf = ({ peerId, address }: PeerAddress): PeerAddress => ({ peerId, address })
