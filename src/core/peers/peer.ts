/** A peer by the id it goes by and the address it answers at. A seed given as a bare URL goes by that URL until it answers. */
export interface PeerAddress {
  readonly peerId: string
  readonly address: string
}

/** Only the id and address of something that has more. */
export const addressOf = ({ peerId, address }: PeerAddress): PeerAddress => ({ peerId, address })
