import { Singleflight } from '../../concurrency/singleflight.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { ClosureRecord } from '../../core/wire/closure.ts'
import type { ClosureRequest, ClosureTrailer } from '../../core/wire/federation.ts'
import type { ClosurePart, ClosureRequests, PeersContext } from '../context.ts'
import { ask } from '../peers/contact.ts'

/** Fetches that ask one peer the same share its answer. Who leaves earlier keeps what has come. */
export class ClosureAnswers implements ClosureRequests {
  readonly #flights = new Singleflight<ClosureTrailer>()
  readonly #records = new Map<string, ClosureRecord[]>()

  async ask(
    node: PeersContext,
    peer: PeerAddress,
    request: ClosureRequest,
    { signal, take }: { signal: AbortSignal; take: (part: ClosurePart) => void },
  ): Promise<ClosureTrailer> {
    const key = `${peer.address} ${JSON.stringify(request)}`
    const isShared = this.#flights.has(key)
    const records = (isShared ? this.#records.get(key) : undefined) ?? []
    this.#records.set(key, records)
    try {
      return await this.#flights.run(
        key,
        (flight) =>
          ask(node, peer, flight, async () => {
            const answer = await node.transport.closure(peer, request, { signal: flight })
            for await (const record of answer.records) records.push(record)
            return answer.trailer
          }),
        signal,
      )
    } finally {
      if (!this.#flights.has(key)) this.#records.delete(key)
      take({ records, isShared })
    }
  }
}
