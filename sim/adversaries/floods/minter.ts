import type { Cid } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import type { AboutRequest } from '../../../src/core/wire/federation.ts'
import { type HttpAnswer, type HttpRequest, jsonAnswer } from '../../network/http.ts'
import { Adversary, lines } from '../adversary.ts'

const ADOPTIONS = 60
/** Adoptions made for each that is kept, the one with the lowest cid. */
const TRIES = 8

/**
 * Mints adoptions of one honest work, each by another agent, with the lowest cids that it finds, so
 * that evidence in the order of cids shows them alone.
 */
export class Minter extends Adversary {
  #target: Cid | undefined
  #minted: readonly Contribution[] = []

  protected override async answer(request: HttpRequest): Promise<HttpAnswer> {
    if (request.path !== '/api/federation/about') return super.answer(request)
    const { cids } = JSON.parse(request.body) as AboutRequest
    this.#mint()
    const about = cids.filter((cid) => cid === this.#target)
    return jsonAnswer({
      about: about.map((cid) => ({ cid, mark: `${this.name}-${this.#minted.length}` })),
      looked: cids.length,
    })
  }

  protected override onClosure(cid: Cid): HttpAnswer {
    this.#mint()
    const minted = cid === this.#target ? this.#minted : []
    const bytes = minted.reduce((sum, each) => sum + each.bytes.byteLength, 0)
    const trailer = { trailer: { sent: minted.length, bytes, missing: [] } }
    return lines([...minted.map((each) => each.bytes), trailer])
  }

  #mint(): void {
    const [first] = this.context.ledger.published.values()
    if (this.#target !== undefined || first === undefined) return
    this.#target = first.cid
    const relations = [{ targetCid: first.cid, relationType: 'adopts' as const }]
    this.#minted = Array.from({ length: ADOPTIONS }, (_, n) => {
      const tries = Array.from({ length: TRIES }, (_, nonce) =>
        this.sealed({
          kind: 'adoption',
          mode: 'exploration',
          agent: { agentId: `${this.name}-${n}` },
          summary: `adopts, ${nonce}`,
          relations,
        }),
      )
      return tries.reduce((lowest, each) => (each.cid < lowest.cid ? each : lowest))
    })
  }
}
