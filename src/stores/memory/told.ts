import type { Cid } from '../../core/cid.ts'
import {
  type Edge,
  type Saying,
  saidBy,
  type Telling,
  tellingOf,
} from '../../core/contribution/relation.ts'
import type { SaidPage, SaidQuery } from '../../ports/graph-index.ts'

/** What is said about each contribution, in the order of its telling. */
export class Told {
  readonly #said = new Map<Cid, Saying[]>()
  /** How many edges each host has brought, by target, kind and host. */
  readonly #turns = new Map<string, number>()

  /** Adds the edges of a contribution with this number in the log. */
  add(
    edges: readonly Edge[],
    { seq, host }: { readonly seq: number; readonly host: string },
  ): void {
    for (const edge of edges) {
      const key = `${edge.target} ${tellingOf(edge)} ${host}`
      const turn = (this.#turns.get(key) ?? 0) + 1
      this.#turns.set(key, turn)
      const said = this.#said.get(edge.target) ?? []
      this.#said.set(edge.target, said)
      said.push(saidBy(edge, { turn, seq }))
    }
  }

  page(target: Cid, { kinds: { first, last }, after, since = 0, limit }: SaidQuery): SaidPage {
    const found = (this.#said.get(target) ?? [])
      .filter(({ at }) => at.kind >= first && at.kind <= last && at.seq > since)
      .filter(({ at }) => after === undefined || compareTellings(at, after) > 0)
      .sort((a, b) => compareTellings(a.at, b.at))
    const said = found.slice(0, limit)
    return { said, next: found.length > limit ? said.at(-1)?.at : undefined }
  }
}

function compareTellings(a: Telling, b: Telling): number {
  return a.kind - b.kind || a.turn - b.turn || a.seq - b.seq
}
