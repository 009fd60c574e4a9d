import { isGroveError } from '../../core/errors.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { ROTATIONS_SHOWN_MAX } from '../../core/wire/join.ts'
import type { NodeConfig } from '../config.ts'
import type { AdmitContext, PeersContext } from '../context.ts'

type OwnRotationsContext = PeersContext &
  Pick<AdmitContext, 'closing'> & { readonly config: Pick<NodeConfig, 'former'> }

/**
 * Shows the seeds and hubs of a grove that has changed its key how it did: those that admit whom
 * they list would take it for a stranger.
 */
export class OwnRotations {
  readonly #node: OwnRotationsContext
  /** Addresses that have taken it since the start. */
  readonly #shownTo = new Set<string>()

  constructor(node: OwnRotationsContext) {
    this.#node = node
  }

  /** Shows it to those that have not taken it yet. */
  async show(): Promise<void> {
    const { config, closing, transport, log } = this.#node
    const rotations = (config.former?.rotations ?? []).slice(-ROTATIONS_SHOWN_MAX)
    if (rotations.length === 0) return
    const showTo = async (peer: PeerAddress) => {
      const address = tidyAddress(peer.address)
      if (this.#shownTo.has(address)) return
      try {
        const isKnown = await transport.rotated(peer, rotations, { signal: closing })
        this.#shownTo.add(address)
        log.debug('a peer was shown how the key of this grove has changed', { ...peer, isKnown })
      } catch (error) {
        if (!isGroveError(error)) throw error
        log.debug('a peer was not shown a change of key', { ...peer, code: error.code })
      }
    }
    await Promise.all(this.#node.seeds().map(showTo))
  }
}
