import type { Cid } from '../../../src/core/cid.ts'
import type { Contribution } from '../../../src/core/contribution/contribution.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import type { DigestEntry } from '../../../src/core/wire/gossip.ts'
import type { HttpAnswer, HttpRequest } from '../../network/http.ts'
import { ManyAddresses } from './many-addresses.ts'

const PORTS = 6
const WORKS = 12
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
    if (target === undefined) return
    for (const peer of this.rng.sample(this.#peers, PORTS))
      this.send(target, 'exchange', this.messageAs(peer, this.#share(peer)))
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

  /** Each peer has works of its own, so that all of them are asked. */
  #share(peer: PeerAddress): DigestEntry[] {
    const place = this.#peers.indexOf(peer)
    const shared = this.works.filter((_, n) => n % PORTS === place).map(({ cid }) => cid)
    return this.truths().filter(({ cid }) => shared.includes(cid))
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
