import type { PeerAddress } from '../../core/peers/peer.ts'

/** Providers of one blob: the known ones, and more that are asked for when those don't suffice. */
export class ProviderSet {
  #known: readonly PeerAddress[]
  readonly #banned = new Set<string>()
  readonly #more: () => Promise<readonly PeerAddress[]>
  #widened = false

  constructor(known: readonly PeerAddress[], more: () => Promise<readonly PeerAddress[]>) {
    this.#known = known
    this.#more = more
  }

  /** In the order in which they are to be asked. */
  get providers(): readonly PeerAddress[] {
    return this.#known.filter((peer) => !this.#banned.has(peer.address))
  }

  ban(peer: PeerAddress): void {
    this.#banned.add(peer.address)
  }

  /** The additional providers; none the second time. */
  async widen(): Promise<readonly PeerAddress[]> {
    if (this.#widened) return []
    this.#widened = true
    const known = new Set(this.#known.map((peer) => peer.address))
    const added = (await this.#more()).filter((peer) => !known.has(peer.address))
    this.#known = [...this.#known, ...added]
    return added
  }
}
