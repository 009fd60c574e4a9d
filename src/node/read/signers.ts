import type { Cid } from '../../core/cid.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { SignedBy } from '../../core/ranking/belief.ts'
import { isSignalMetric, type SignalMetric } from '../../core/ranking/frontier.ts'
import type { EntryOrigins } from '../../core/wire/frontier.ts'
import type { ReadContext } from '../context.ts'

/** Who has signed a contribution, the foremost first, and how many what its signals count. */
interface Behind {
  readonly signers: readonly KeyId[]
  readonly signedBy: SignedBy
}

/** Contributions that are looked up at once. */
const LOOKED_UP = 100
/** Signers of one entry that are named. */
const NAMED_MAX = 3

const counted: Readonly<Partial<Record<SignalMetric, keyof SignedBy>>> = {
  _adoption: 'adoption',
  _reproduction: 'reproduction',
  _review_score: 'reviews',
}

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

  /** Behind a score, who signed the work; behind a signal, who signed what it counts. */
  entry({ cid, metric }: { readonly cid: Cid; readonly metric: string }): EntryOrigins {
    const { signers = [], signedBy } = this.#behind.get(cid) ?? {}
    const signal = isSignalMetric(metric) ? counted[metric] : undefined
    const groves = signal === undefined ? signers.length : (signedBy?.[signal] ?? 0)
    return { groves, signedBy: signers.slice(0, NAMED_MAX) }
  }

  async #read({ origins, index }: ReadContext, cids: readonly Cid[]): Promise<void> {
    const kept = new Map(await origins.of(cids))
    const backing = await index.backing(cids)
    for (const [n, cid] of cids.entries()) {
      const signers = (kept.get(cid) ?? []).map(({ peerId }) => peerId)
      const counts = backing[n]?.signedBy
      if (counts !== undefined) this.#behind.set(cid, { signers, signedBy: counts })
    }
  }
}
