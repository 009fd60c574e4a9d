import type { Cid } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import type { SigningKey } from '../../../src/core/identity/ed25519.ts'
import { ORIGINS_MAX, signOrigins } from '../../../src/core/identity/origin.ts'
import { originAttestation, originHeader } from '../../../src/core/identity/origin-text.ts'
import { CLOSURE_FORM_HEADER, CLOSURE_RECORDS, recordLine } from '../../../src/core/wire/closure.ts'
import type { AboutRequest } from '../../../src/core/wire/federation.ts'
import { type HttpAnswer, type HttpRequest, jsonAnswer } from '../../network/http.ts'
import { Adversary, lines } from '../adversary.ts'

const ADOPTIONS = 40

/** The names of the keys that a minter of this name mints. */
export const mintedNames = (name: string): string[] =>
  Array.from({ length: ADOPTIONS }, (_, n) => `${name}-key-${n}`)

/**
 * Signs honest works by minted keys, before their authors' signatures have got about, and adopts
 * its own work dozens of times: each adoption is by another agent, and signed by a key of its own.
 */
export class KeyMinter extends Adversary {
  readonly #keys: readonly SigningKey[] = mintedNames(this.name).map((name) =>
    this.context.keys.of(name),
  )
  readonly #adoptions: readonly Contribution[] = this.#adopted()

  protected override async answer(request: HttpRequest): Promise<HttpAnswer> {
    if (request.path !== '/api/federation/about') return super.answer(request)
    const { cids } = JSON.parse(request.body) as AboutRequest
    const own = cids.filter((cid) => cid === this.works[0]?.cid)
    const about = own.map((cid) => ({ cid, mark: this.name }))
    return jsonAnswer({ about, looked: cids.length })
  }

  protected override async onManifest(cid: Cid, request: HttpRequest): Promise<HttpAnswer> {
    const answer = await super.onManifest(cid, request)
    if (answer.status !== 200) return answer
    const signers = this.rng.sample(this.#keys, ORIGINS_MAX)
    const now = Math.floor(this.context.timeline.now)
    const origins = signers.flatMap((key) => signOrigins(key, [cid], now))
    return { ...answer, headers: { ...answer.headers, 'grove-origin': originHeader(origins) } }
  }

  protected override onClosure(cid: Cid): HttpAnswer {
    const minted = cid === this.works[0]?.cid ? this.#adoptions : []
    const now = Math.floor(this.context.timeline.now)
    const records = minted.map((each, n) => {
      const origins = signOrigins(this.#keys[n] ?? this.context.keys.of(this.name), [each.cid], now)
      return recordLine({ ...each, attestations: origins.map(originAttestation) })
    })
    const bytes = minted.reduce((sum, each) => sum + each.bytes.byteLength, 0)
    const trailer = { trailer: { sent: minted.length, bytes, missing: [] } }
    const answer = lines([...records, trailer])
    return { ...answer, headers: { ...answer.headers, [CLOSURE_FORM_HEADER]: CLOSURE_RECORDS } }
  }

  #adopted(): Contribution[] {
    const target = this.works[0]?.cid
    if (target === undefined) return []
    return Array.from({ length: ADOPTIONS }, (_, n) =>
      this.sealed({
        ...{ kind: 'adoption', mode: 'exploration', summary: `adopts, ${n}` },
        agent: { agentId: `${this.name}-${n}` },
        relations: [{ targetCid: target, relationType: 'adopts' }],
      }),
    )
  }
}
