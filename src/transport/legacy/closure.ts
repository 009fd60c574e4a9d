import { z } from 'zod'
import { type Cid, hashBytes } from '../../core/cid.ts'
import { membersOf } from '../../core/contribution/scan.ts'
import { cidSchema, relationTypeSchema } from '../../core/contribution/schema.ts'
import { breadthFirst, type Neighbours } from '../../core/contribution/walk.ts'
import { isGroveError } from '../../core/errors.ts'
import { CLOSURE_MAX_BYTES, CLOSURE_MAX_CONTRIBUTIONS } from '../../core/limits.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { ClosureRecord } from '../../core/wire/closure.ts'
import type { ClosureRequest, ClosureTrailer } from '../../core/wire/federation.ts'
import type { ClosureAnswer, RequestOptions } from '../../ports/transport.ts'
import type { LegacyRoutes } from './routes.ts'

const relationsSchema = z.object({
  relations: z.array(z.object({ targetCid: cidSchema, relationType: relationTypeSchema })),
})

type ClosureRoutes = Pick<LegacyRoutes, 'manifest' | 'children'>

/**
 * A closure put together from single requests to a 0.1 server: one for each ancestor, and one for
 * the contributions that point at it. At most CLOSURE_MAX_CONTRIBUTIONS ancestors, and no further
 * one after CLOSURE_MAX_BYTES.
 */
export async function legacyClosure(
  routes: ClosureRoutes,
  peer: PeerAddress,
  request: ClosureRequest,
  options: RequestOptions,
): Promise<ClosureAnswer> {
  const walk = new Walk(routes, peer, options)
  const ancestors = await walk.ancestors(request.cid, request.ancestors ?? 1)
  const evidence = request.evidence ? await routes.children(peer, request.cid, options) : []
  const manifests = [...ancestors, ...evidence]
  const bytes = manifests.reduce((sum, manifest) => sum + manifest.byteLength, 0)
  const trailer: ClosureTrailer = {
    sent: manifests.length,
    bytes,
    missing: walk.missing,
    ...(walk.isFull ? { truncatedBy: 'bytes' } : {}),
  }
  return { records: recordsOf(manifests), trailer: Promise.resolve(trailer) }
}

/** The walk along a contribution's ancestors. */
class Walk {
  readonly missing: Cid[] = []
  /** Whether the limit on bytes ended it. */
  isFull = false
  readonly #routes: ClosureRoutes
  readonly #peer: PeerAddress
  readonly #options: RequestOptions
  readonly #manifests = new Map<Cid, Uint8Array>()
  #bytes = 0

  constructor(routes: ClosureRoutes, peer: PeerAddress, options: RequestOptions) {
    this.#routes = routes
    this.#peer = peer
    this.#options = options
  }

  /** Manifests of the ancestors, farthest first. The start is only read to learn its parents. */
  async ancestors(start: Cid, maxDepth: number): Promise<Uint8Array[]> {
    if (maxDepth === 0) return []
    const walk = breadthFirst(start, {
      maxDepth: maxDepth + 1,
      maxCount: CLOSURE_MAX_CONTRIBUTIONS,
    })
    for (let step = walk.next(), depth = 0; !step.done && depth <= maxDepth; depth++) {
      step = walk.next(await this.#parents(step.value))
    }
    return [...this.#manifests]
      .filter(([cid]) => cid !== start)
      .map(([, bytes]) => bytes)
      .toReversed()
  }

  async #parents(cids: readonly Cid[]): Promise<Neighbours> {
    const parents = new Map<Cid, Cid[]>()
    for (const cid of cids) {
      const bytes = await this.#manifest(cid)
      if (bytes !== undefined) parents.set(cid, parentsOf(bytes))
    }
    return parents
  }

  /**
   * Undefined where the peer has none, or sends another: whoever could choose what is read could
   * have it ask for one invention after the other.
   */
  async #manifest(cid: Cid): Promise<Uint8Array | undefined> {
    if (this.#bytes > CLOSURE_MAX_BYTES) this.isFull = true
    if (this.isFull) return undefined
    try {
      const { bytes } = await this.#routes.manifest(this.#peer, cid, this.#options)
      this.#bytes += bytes.byteLength
      if (hashBytes(bytes) !== cid) return undefined
      this.#manifests.set(cid, bytes)
      return bytes
    } catch (error) {
      if (!isGroveError(error, 'absent') && !isGroveError(error, 'gone')) throw error
      this.missing.push(cid)
      return undefined
    }
  }
}

/** The parents that a manifest names; none if it has no such relations. */
function parentsOf(bytes: Uint8Array): Cid[] {
  const result = relationsSchema.safeParse(membersOf(bytes, ['relations']))
  if (!result.success) return []
  return result.data.relations
    .filter(({ relationType }) => relationType === 'derives_from')
    .map(({ targetCid }) => targetCid)
}

/** Records without attestations, which 0.1 servers don't know. */
async function* recordsOf(
  manifests: readonly Uint8Array[],
): AsyncGenerator<ClosureRecord, void, undefined> {
  for (const bytes of manifests) yield { bytes, attestations: [] }
}
