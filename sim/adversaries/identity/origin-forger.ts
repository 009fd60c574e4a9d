import type { Cid } from '../../../src/core/cid.ts'
import { type Origin, signOrigins } from '../../../src/core/identity/origin.ts'
import { originHeader } from '../../../src/core/identity/origin-text.ts'
import type { HttpAnswer, HttpRequest } from '../../network/http.ts'
import { Adversary } from '../adversary.ts'

/**
 * Serves what it and others have with origins that don't hold: another's for another work, with
 * another moment, with a signature of its own or half a path.
 */
export class OriginForger extends Adversary {
  protected override async onManifest(cid: Cid, request: HttpRequest): Promise<HttpAnswer> {
    const answer = await super.onManifest(cid, request)
    if (answer.status !== 200) return answer
    const origins = await this.#forged(cid)
    if (origins.length === 0) return answer
    if (request.method === 'GET') this.context.ledger.wrongOrigins.add(`${this.address} ${cid}`)
    return { ...answer, headers: { ...answer.headers, 'grove-origin': originHeader(origins) } }
  }

  /** At least one is wrong, unless nobody has signed anything yet. */
  async #forged(cid: Cid): Promise<Origin[]> {
    const key = this.context.keys.of(this.name)
    const now = Math.floor(this.context.timeline.now)
    const others = [...this.context.ledger.published.keys()].filter((each) => each !== cid)
    const other = this.rng.pick(others)
    const theirs = other === undefined ? undefined : await this.#originOf(other)
    const [own] = signOrigins(key, [cid], now)
    const [batched] = other === undefined ? [] : signOrigins(key, [cid, other], now)
    if (own === undefined) return []
    switch (this.rng.below(4)) {
      case 0:
        return [theirs ?? { ...own, at: own.at + 1 }]
      case 1:
        return [{ ...own, peerId: theirs?.peerId ?? own.peerId, at: own.at + 1 }]
      case 2:
        return batched?.path === undefined
          ? [{ ...own, at: 0 }]
          : [{ ...batched, path: { ...batched.path, index: 1 - batched.path.index } }]
      default:
        return [{ ...own, at: own.at + 1 }, ...(theirs === undefined ? [] : [theirs])]
    }
  }

  /** The origin that a grove which holds it has of a contribution. */
  async #originOf(cid: Cid): Promise<Origin | undefined> {
    for (const { disk } of this.context.machines)
      for (const [, [first]] of await disk.graph.origins.of([cid]))
        if (first !== undefined) return first
    return undefined
  }
}
