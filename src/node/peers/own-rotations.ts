import { isGroveError } from '../../core/errors.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import { isLeafAddress } from '../../core/peers/leaf.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { SAMPLE_MAX } from '../../core/wire/gossip.ts'
import { ROTATIONS_SHOWN_MAX } from '../../core/wire/join.ts'
import type { NodeConfig } from '../config.ts'
import { askWhoIsThere, type SamplingContext } from './sampling.ts'

/** Peers that are shown it at once, beside seeds. */
const SHOWN_AT_ONCE = 8

type OwnRotationsContext = SamplingContext & { readonly config: Pick<NodeConfig, 'former'> }

/**
 * Shows the seeds, hubs and peers of a grove that has changed its key how it did: those that admit
 * whom they list would take it for a stranger.
 */
export class OwnRotations {
  readonly #node: OwnRotationsContext
  /** Addresses that have taken it since the start. */
  readonly #shownTo = new Set<string>()

  constructor(node: OwnRotationsContext) {
    this.#node = node
  }

  /** Shows it to the seeds that have not taken it yet. */
  async show(): Promise<void> {
    await Promise.all(this.#node.seeds().map((peer) => this.#showTo(peer)))
  }

  /**
   * Shows it to peers that know the key before only, and asks those that take it who is there: this
   * grove may have called them before, and then they have refused it as a stranger.
   */
  async reintroduce(peers: readonly PeerAddress[]): Promise<void> {
    const waiting = peers.filter(({ address }) => !isLeafAddress(address))
    const meetNext = async () => {
      for (let peer = waiting.pop(); peer !== undefined; peer = waiting.pop())
        if (!this.#node.closing.aborted && (await this.#showTo(peer))) await this.#meet(peer)
    }
    await Promise.all(Array.from({ length: SHOWN_AT_ONCE }, meetNext))
  }

  /** Whether it was shown. */
  async #showTo(peer: PeerAddress): Promise<boolean> {
    const { config, closing, transport, log } = this.#node
    const rotations = (config.former?.rotations ?? []).slice(-ROTATIONS_SHOWN_MAX)
    const address = tidyAddress(peer.address)
    if (rotations.length === 0 || this.#shownTo.has(address)) return false
    try {
      const isKnown = await transport.rotated(peer, rotations, { signal: closing })
      this.#shownTo.add(address)
      log.debug('a peer was shown how the key of this grove has changed', { ...peer, isKnown })
      return true
    } catch (error) {
      if (!isGroveError(error)) throw error
      log.debug('a peer was not shown a change of key', { ...peer, code: error.code })
      return false
    }
  }

  async #meet(peer: PeerAddress): Promise<void> {
    try {
      await askWhoIsThere(this.#node, peer, SAMPLE_MAX)
    } catch (error) {
      if (!isGroveError(error)) throw error
      this.#node.log.debug('a peer did not answer to the new key', { ...peer, code: error.code })
    }
  }
}
