import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { membersOf } from '../../core/contribution/scan.ts'
import type { ContributionReader, SyncContext } from '../context.ts'

/** Contributions that are remembered: more than the offers and places of one round. */
const REMEMBERED_MAX = 16_384
/** Hashes in one question to the blob store. */
const HASHES_MAX = 1_000

interface Node extends Pick<SyncContext, 'blobs' | 'breathe' | 'health'> {
  readonly contributions: Pick<ContributionReader, 'bytes'>
}

/**
 * Which of the contributions that are held lack artifacts. Every round asks this of the same ones,
 * so that the answer is remembered: otherwise a round would cost as much as all of their manifests
 * are large, which is for peers to choose.
 */
export class Completeness {
  /** A missing artifact of each; undefined where none was missing. */
  readonly #lacking = new BoundedMap<Cid, Cid | undefined>(REMEMBERED_MAX)
  /** Damages that had been found when the first of these was looked up. */
  #damages = 0

  /** Those of the held cids whose artifacts are not all here. */
  async partialAmong(node: Node, held: ReadonlySet<Cid>): Promise<Set<Cid>> {
    this.#forgetIfDamaged(node)
    const partial = await this.#stillPartial(node, held)
    const unknown = [...held].filter((cid) => !this.#lacking.has(cid))
    for (const cid of unknown) {
      await node.breathe()
      const bytes = await node.contributions.bytes(cid)
      if (bytes === undefined) continue
      const { artifacts } = membersOf(bytes, ['artifacts'])
      const [missing] = await node.blobs.missing(Object.values(artifacts))
      this.#lacking.set(cid, missing)
      if (missing !== undefined) partial.add(cid)
    }
    return partial
  }

  /** Of those remembered as partial; what has got its missing artifact is forgotten. */
  async #stillPartial(node: Node, held: ReadonlySet<Cid>): Promise<Set<Cid>> {
    const known = [...held].flatMap((cid) => {
      const hash = this.#lacking.get(cid)
      return hash === undefined ? [] : [{ cid, hash }]
    })
    const partial = new Set<Cid>()
    for (let at = 0; at < known.length; at += HASHES_MAX) {
      const some = known.slice(at, at + HASHES_MAX)
      const missing = new Set(await node.blobs.missing(some.map(({ hash }) => hash)))
      for (const { cid, hash } of some) {
        if (missing.has(hash)) partial.add(cid)
        else this.#lacking.delete(cid)
      }
    }
    return partial
  }

  /** What is damaged counts as missing, and any contribution may name it. */
  #forgetIfDamaged({ health }: Node): void {
    if (health.damages === this.#damages) return
    this.#damages = health.damages
    this.#lacking.clear()
  }
}
