import { canonicalText } from '../../../src/core/canonical.ts'
import { type Cid, hashBytes } from '../../../src/core/cid.ts'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import { bytesAnswer, type HttpAnswer, type HttpRequest } from '../../network/http.ts'
import { Adversary, lines } from '../adversary.ts'

/** Beyond what a manifest may have, and within it. */
const TOO_MANY = 20_000
const MANY = 2_000
const BOMBS = 3

/** Sends manifests of many keys: too many under their right cids, also as evidence; and many. */
export class KeyBomber extends Adversary {
  readonly #bombs = new Map<Cid, Uint8Array>()

  constructor(...options: ConstructorParameters<typeof Adversary>) {
    super(...options)
    const scores = { m0: { value: this.rng.next(), direction: 'minimize' } } as const
    this.works.push(this.sealed({ summary: `keys of ${this.name}`, scores, context: keys(MANY) }))
    for (let n = 0; n < BOMBS; n++) this.#arm(n)
  }

  protected override digest(to: string): DigestEntry[] {
    const bombs = [...this.#bombs.keys()].map(
      (cid, n): DigestEntry => ({ cid, metric: 'm0', value: -n, direction: 'minimize' }),
    )
    return [...bombs, ...super.digest(to)]
  }

  protected override onManifest(cid: Cid, request: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    const bomb = this.#bombs.get(cid)
    return bomb === undefined ? super.onManifest(cid, request) : bytesAnswer(bomb)
  }

  protected override onClosure(cid: Cid): HttpAnswer {
    const adopts = [{ targetCid: cid, relationType: 'adopts' as const }]
    const evidence = this.sealed({ kind: 'adoption', mode: 'exploration', relations: adopts })
    const heavy = withKeys(evidence.bytes, TOO_MANY)
    const trailer = { trailer: { sent: 2, bytes: 1, missing: [] } }
    return lines([heavy, evidence.bytes, trailer])
  }

  #arm(n: number): void {
    const bytes = withKeys(this.sealed({ summary: `bomb ${n} of ${this.name}` }).bytes, TOO_MANY)
    this.#bombs.set(hashBytes(bytes), bytes)
  }
}

function withKeys(manifest: Uint8Array, count: number): Uint8Array {
  const plain = JSON.parse(Buffer.from(manifest).toString()) as object
  return Buffer.from(canonicalText({ ...plain, context: keys(count) }))
}

const keys = (count: number): Record<string, number> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, n]))
