import { type Cid, hashBytes } from '../../src/core/cid.ts'
import type { Contribution } from '../../src/core/contribution/contribution.ts'
import { MANIFEST_MAX_BYTES } from '../../src/core/limits.ts'
import type { DigestEntry } from '../../src/core/wire/gossip.ts'
import {
  absentAnswer,
  bytesAnswer,
  type HttpAnswer,
  type HttpRequest,
  jsonAnswer,
} from '../network/http.ts'
import { Adversary, lines } from './adversary.ts'

const DEPTH = 5_000
const CLOSURE_LINES = 1_500
const BEST_ENTRIES = 1_200

/**
 * Sends harmful data: manifests that are too large, too deep or malformed, under their right cids;
 * closures and lists that are too long.
 */
export class Bomber extends Adversary {
  readonly #bombs = new Map<Cid, Uint8Array>(
    this.#manifests().map((bytes) => [hashBytes(bytes), bytes]),
  )

  protected override digest(): DigestEntry[] {
    const bombs = [...this.#bombs.keys()].map(
      (cid, n): DigestEntry => ({ cid, metric: 'm0', value: -n, direction: 'minimize' }),
    )
    return [...bombs, ...this.truths()]
  }

  protected override onManifest(cid: Cid, request: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    const bomb = this.#bombs.get(cid)
    return bomb === undefined ? super.onManifest(cid, request) : bytesAnswer(bomb)
  }

  protected override onExchange(request: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    if (this.rng.happens(0.7)) return super.onExchange(request)
    return bytesAnswer(Buffer.alloc(200_000, '['))
  }

  protected override onBest(
    dimension: string,
    request: HttpRequest,
  ): Promise<HttpAnswer> | HttpAnswer {
    if (this.rng.happens(0.7)) return super.onBest(dimension, request)
    const entry = {
      cid: this.rng.cid(),
      value: 1,
      kind: 'work',
      tags: [],
      manifestBytes: 1,
      artifactBytes: 1,
    }
    return jsonAnswer({
      dimension,
      direction: 'maximize',
      entries: Array.from({ length: BEST_ENTRIES }, () => entry),
    })
  }

  protected override onClosure(cid: Cid): HttpAnswer {
    const unrelated = [...this.context.ledger.published.values()].filter(
      (other) => other.cid !== cid,
    )
    const trailer = { trailer: { sent: 0, bytes: 0, missing: [] } }
    switch (this.rng.below(5)) {
      case 0:
        return lines(repeated(unrelated, CLOSURE_LINES))
      case 1:
        return lines([Buffer.alloc(MANIFEST_MAX_BYTES + 10, ' ')])
      case 2:
        return lines([...unrelated.slice(0, 3).map(({ bytes }) => bytes), trailer])
      case 3:
        return lines([trailer, trailer])
      default:
        return absentAnswer()
    }
  }

  #manifests(): Uint8Array[] {
    const [work] = this.works
    const manifest =
      work === undefined ? {} : (JSON.parse(Buffer.from(work.bytes).toString()) as object)
    return [
      Buffer.from('['.repeat(DEPTH) + ']'.repeat(DEPTH)),
      Buffer.from(JSON.stringify({ ...manifest, zzz: 1 })),
      Buffer.from(JSON.stringify(manifest, undefined, 1)),
      Buffer.from([0xff, 0xfe, 0xfd]),
      Buffer.from('{"manifestVersion":1}'),
      Buffer.alloc(MANIFEST_MAX_BYTES + 1, 0x20),
    ]
  }
}

function* repeated(
  contributions: readonly Contribution[],
  times: number,
): Generator<Uint8Array, void, undefined> {
  for (let n = 0; n < times; n++)
    yield contributions[n % contributions.length]?.bytes ?? Buffer.from('{}')
}
