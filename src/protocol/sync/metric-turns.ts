import { BoundedMap } from '../../concurrency/bounded.ts'
import { isRankable } from '../../core/ranking/frontier.ts'
import { compareText } from '../../core/text.ts'
import type { ToldMetrics } from '../../core/wire/federation.ts'

/** Peers whose places are remembered. */
const PEERS_MAX = 4_096
/** The share of the metrics of one round that is for those that are looked at in each. */
const FOREMOST_SHARE = 1 / 2

interface Cursor {
  readonly after: string
  /** Whether the peer tells pages. Older groves tell all metrics at once. */
  readonly isPaged: boolean
}

/**
 * Which metrics of a peer are looked at in a round. Where it has too many for one, a part of them
 * is looked at in each: those that most stand behind, here and there. The others have turns by
 * name, so that all are reached, whatever names somebody invents.
 */
export class MetricTurns {
  readonly #cursors = new BoundedMap<string, Cursor>(PEERS_MAX)

  /** After which name a peer that tells pages is asked for the next one. */
  afterOf(peer: string): string | undefined {
    const cursor = this.#cursors.get(peer)
    return cursor?.isPaged === true ? cursor.after : undefined
  }

  /** The metrics of this round, at most `most`, and notes where the next one goes on. */
  take(
    peer: string,
    told: ToldMetrics,
    { foremost, most }: { readonly foremost: readonly string[]; readonly most: number },
  ): string[] {
    const cursor = this.#cursors.get(peer)
    const names = told.names.filter(isRankable).sort(compareText)
    const isPaged = told.next !== undefined || cursor?.isPaged === true
    if (!isPaged && names.length <= most) {
      this.#cursors.delete(peer)
      return names
    }
    const has = new Set(names)
    const first = inTurns(foremost, told.foremost ?? [])
      .filter((name) => isRankable(name) && (isPaged || has.has(name)))
      .slice(0, Math.floor(most * FOREMOST_SHARE))
    const others = names.filter(
      (name) =>
        !first.includes(name) && (cursor === undefined || compareText(name, cursor.after) > 0),
    )
    const page = others.slice(0, most - first.length)
    this.#goOn(peer, others.length > page.length ? page.at(-1) : told.next, isPaged)
    return [...first, ...page]
  }

  #goOn(peer: string, after: string | undefined, isPaged: boolean): void {
    if (after === undefined) this.#cursors.delete(peer)
    else this.#cursors.set(peer, { after, isPaged })
  }
}

/** The items of two lists, alternately, each once. */
function inTurns(a: readonly string[], b: readonly string[]): string[] {
  const longest = Math.max(a.length, b.length)
  return [
    ...new Set(Array.from({ length: longest }, (_, n) => [a[n] ?? [], b[n] ?? []].flat()).flat()),
  ]
}
