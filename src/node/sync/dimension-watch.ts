import { rankedKinds } from '../../core/policy.ts'
import { signalNamed } from '../../core/ranking/frontier.ts'
import type { Offer } from '../../protocol/sync/plan.ts'
import type { SyncContext } from '../context.ts'

/** What the peers of a round have said. */
interface HeardOffers {
  readonly offers: readonly Offer[]
  /** Dimensions in which a peer has nothing. */
  readonly empty: ReadonlySet<string>
}

/**
 * Warns once of each metric of the policy in which neither peers nor this grove have anything: a
 * mistyped name would switch sync off without a word.
 */
export class DimensionWatch {
  readonly #node: Pick<SyncContext, 'config' | 'index' | 'log'>
  /** Metrics of which nothing was heard yet. */
  readonly #silent: Set<string>

  constructor(node: Pick<SyncContext, 'config' | 'index' | 'log'>) {
    this.#node = node
    const { dimensions = [] } = node.config.policy
    this.#silent = new Set(dimensions.filter((name) => signalNamed(name) === undefined))
  }

  async heard({ offers, empty }: HeardOffers): Promise<void> {
    for (const { metric } of offers) this.#silent.delete(metric)
    const dimensions = [...this.#silent].filter((metric) => empty.has(metric))
    if (dimensions.length === 0) return
    for (const metric of dimensions) this.#silent.delete(metric)
    const { config, index, log } = this.#node
    const query = { dimensions, limit: 1, anyKind: rankedKinds(config.policy) }
    const held = new Set((await index.frontier(query)).map(({ metric }) => metric))
    const remedy = 'check its name; peers may also have nothing yet that the policy wants'
    for (const dimension of dimensions)
      if (!held.has(dimension))
        log.warn('no peer ranks by a dimension to sync', { dimension, remedy })
  }
}
