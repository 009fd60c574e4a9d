import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import { ipOf } from '../../network/hosts.ts'
import { type HttpAnswer, type HttpRequest, jsonAnswer } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

const FIRST_PORT = 5_000

/** One host that calls itself many peers: at ports that answer, each under an id of its own. */
export class ManyAddresses extends Adversary {
  readonly #peers: PeerAddress[] = []

  /** Answers at so many more ports, and gives their peers. */
  protected open(ports: number): readonly PeerAddress[] {
    for (let n = 0; n < ports; n++) {
      const peer = {
        peerId: this.idOf(`${this.name}-${n}`),
        address: `http://${ipOf(this.address)}:${FIRST_PORT + n}`,
      }
      this.#peers.push(peer)
      const handle = async (request: HttpRequest) =>
        this.seal(request, await this.answerAs(peer, request))
      const { name, honest, process } = this
      this.context.network.attach({ name, honest, process, address: peer.address, handle })
    }
    return this.#peers
  }

  /** Answers as the peer at one of its ports. */
  protected async answerAs(peer: PeerAddress, request: HttpRequest): Promise<HttpAnswer> {
    return request.path === '/api/gossip/exchange'
      ? jsonAnswer(this.messageAs(peer, this.digest(request.from)))
      : this.answer(request)
  }
}
