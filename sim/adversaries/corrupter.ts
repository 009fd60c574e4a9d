import type { Cid } from '../../src/core/cid.ts'
import {
  absentAnswer,
  bytesAnswer,
  FEDERATING,
  type HttpAnswer,
  type HttpRequest,
} from '../network/http.ts'
import { Adversary } from './adversary.ts'

const ENDLESS_PIECE_BYTES = 4_096
const DRIP_BYTES = 16

/**
 * Advertises the truth and serves other bytes: flipped, cut short, endless, too many, by drips, or
 * behind a redirect.
 */
export class Corrupter extends Adversary {
  protected override onManifest(cid: Cid): HttpAnswer {
    const contribution = this.known(cid)
    return contribution === undefined ? absentAnswer() : this.#corrupted(contribution.bytes)
  }

  protected override async onBlob(hash: Cid, request: HttpRequest): Promise<HttpAnswer> {
    const bytes = await this.bytesOf(hash)
    if (bytes === undefined) return absentAnswer()
    return this.rng.happens(0.3)
      ? this.#flippedRange(await super.onBlob(hash, request))
      : this.#corrupted(bytes)
  }

  #corrupted(bytes: Uint8Array): HttpAnswer {
    const headers = { ...FEDERATING, 'content-length': `${bytes.byteLength}` }
    switch (this.rng.below(6)) {
      case 0:
        return bytesAnswer(this.#flipped(bytes))
      case 1:
        return { status: 200, headers, body: bytes.subarray(0, bytes.byteLength >> 1) }
      case 2:
        return { status: 200, headers: FEDERATING, body: endless() }
      case 3:
        return { status: 200, headers, body: this.#dripping(bytes) }
      case 4:
        return {
          status: 302,
          headers: { ...FEDERATING, location: 'http://10.0.0.1:4515/' },
          body: new Uint8Array(),
        }
      default:
        return bytesAnswer(Buffer.concat([bytes, this.rng.bytes(7)]))
    }
  }

  /**
   * The range that was asked for, with one bit flipped: it corrupts what another provider began.
   */
  async #flippedRange(answer: HttpAnswer): Promise<HttpAnswer> {
    return answer.body instanceof Uint8Array
      ? { ...answer, body: this.#flipped(answer.body) }
      : answer
  }

  #flipped(bytes: Uint8Array): Uint8Array {
    const copy = Uint8Array.from(bytes)
    const at = this.rng.below(Math.max(1, copy.byteLength))
    copy[at] = (copy[at] ?? 0) ^ 1
    return copy
  }

  async *#dripping(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < bytes.byteLength; at += DRIP_BYTES) {
      await this.context.timeline.delay(2_000)
      yield bytes.subarray(at, at + DRIP_BYTES)
    }
  }
}

async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) yield new Uint8Array(ENDLESS_PIECE_BYTES)
}
