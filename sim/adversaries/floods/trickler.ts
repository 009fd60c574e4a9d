import type { Cid } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import type { HttpAnswer, HttpRequest } from '../../network/http.ts'
import { ManyAddresses } from './many-addresses.ts'

const PORTS = 6
const WORKS = 6
const ARTIFACT_BYTES = 60_000
/** Just above the minimum rate of a transfer, 4 KiB/s. */
const PIECE_BYTES = 2_300
const PIECE_EVERY_MS = 500
/** Below the time limit for headers. */
const MANIFEST_AFTER_MS = 9_000

/**
 * One host, as several peers, with works that everybody wants. It serves them, and those of others,
 * as slowly as is bearable.
 */
export class Trickler extends ManyAddresses {
  readonly #peers = this.open(PORTS)

  constructor(...options: ConstructorParameters<typeof ManyAddresses>) {
    super(...options)
    this.works.push(...Array.from({ length: WORKS }, (_, n) => this.#large(n)))
  }

  protected override act(): void {
    const target = this.randomMachine()
    const peer = this.rng.pick(this.#peers)
    if (target === undefined || peer === undefined) return
    this.send(target, 'exchange', this.messageAs(peer, this.digest(target.name)))
  }

  protected override async onManifest(cid: Cid, request: HttpRequest): Promise<HttpAnswer> {
    await this.context.timeline.delay(MANIFEST_AFTER_MS)
    return super.onManifest(cid, request)
  }

  protected override async onBlob(hash: Cid, request: HttpRequest): Promise<HttpAnswer> {
    const answer = await super.onBlob(hash, request)
    const { body } = answer
    return body instanceof Uint8Array ? { ...answer, body: this.#trickle(body) } : answer
  }

  async *#trickle(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      await this.context.timeline.delay(PIECE_EVERY_MS)
      yield bytes.subarray(at, at + PIECE_BYTES)
    }
  }

  #large(n: number): Contribution {
    const scores = { m0: { value: n / 1_000, direction: 'minimize' } } as const
    return this.sealed({
      summary: `large ${n} by ${this.name}`,
      scores,
      artifacts: this.artifact(ARTIFACT_BYTES),
    })
  }
}
