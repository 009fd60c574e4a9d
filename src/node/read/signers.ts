import type { Cid } from '../../core/cid.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import { type Backing, grovesBehind } from '../../core/ranking/belief.ts'
import type { EntryOrigins } from '../../core/wire/frontier.ts'
import type { ReadContext } from '../context.ts'

/** Who has signed a contribution, the foremost first, and who stands behind it. */
interface Behind {
  readonly signers: readonly KeyId[]
  readonly backing: Backing
}

/** Contributions that are looked up at once. */
const LOOKED_UP = 100
/** Signers of one entry that are named. */
const NAMED_MAX = 3
const NOBODY = { groves: 0, trusted: 0 }

/** Who stands behind the values of contributions that are held. */
export class OriginsBehind {
  readonly #behind = new Map<Cid, Behind>()

  /** Reads it for these; others get the thread in between. */
  static async of(node: ReadContext, cids: Iterable<Cid>): Promise<OriginsBehind> {
    const all = new OriginsBehind()
    const asked = [...new Set(cids)]
    for (let from = 0; from < asked.length; from += LOOKED_UP) {
      await node.breathe()
      await all.#read(node, asked.slice(from, from + LOOKED_UP))
    }
    return all
  }

  /**
   * Behind a score, who has signed the work or a reproduction of it; behind a signal, who has
   * signed what it counts.
   */
  entry({ cid, metric }: { readonly cid: Cid; readonly metric: string }): EntryOrigins {
    const { signers = [], backing } = this.#behind.get(cid) ?? {}
    const { groves, trusted } = backing ? grovesBehind(metric, backing) : NOBODY
    const signedBy = signers.slice(0, NAMED_MAX)
    return { groves, trusted, signedBy, ...(this.isAttested(cid) && { attested: true }) }
  }

  isAttested(cid: Cid): boolean {
    return this.#behind.get(cid)?.backing.isAttested === true
  }

  async #read({ origins, index }: ReadContext, cids: readonly Cid[]): Promise<void> {
    const kept = new Map(await origins.of(cids))
    const all = await index.backing(cids)
    for (const [n, cid] of cids.entries()) {
      const signers = (kept.get(cid) ?? []).map(({ peerId }) => peerId)
      const backing = all[n]
      if (backing !== undefined) this.#behind.set(cid, { signers, backing })
    }
  }
}
