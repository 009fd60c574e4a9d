import type { Cid } from '../../core/cid.ts'
import { STUBS_MAX } from '../../core/limits.ts'
import { timestamp } from '../../core/time.ts'
import type { Stub } from '../../core/wire/federation.ts'
import { compareCids } from './lists.ts'

/** Stubs that go at once, as in SQLite. */
const STUBS_ROOM = 64

/** Who promised an absent contribution, and since when (Unix ms). */
interface Promised {
  readonly promisedBy: ReadonlySet<string>
  readonly since: number
}

/** The stubs of a memory graph. */
export class MemoryStubs {
  readonly #stubs = new Map<Cid, Promised>()

  get count(): number {
    return this.#stubs.size
  }

  cids(): Iterable<Cid> {
    return this.#stubs.keys()
  }

  add(cid: Cid, promisedBy: readonly string[], since: number): void {
    const before = this.#stubs.get(cid)
    if (before === undefined && this.#stubs.size >= STUBS_MAX) this.#makeRoom()
    this.#stubs.set(cid, {
      promisedBy: new Set([...(before?.promisedBy ?? []), ...promisedBy]),
      since: before?.since ?? since,
    })
  }

  delete(cid: Cid): void {
    this.#stubs.delete(cid)
  }

  of(cid: Cid): Stub | undefined {
    const promised = this.#stubs.get(cid)
    return promised === undefined ? undefined : stubOf(cid, promised)
  }

  oldest(limit: number): Stub[] {
    return [...this.#stubs]
      .sort(([a, { since }], [b, other]) => since - other.since || compareCids(a, b))
      .slice(0, limit)
      .map(([cid, promised]) => stubOf(cid, promised))
  }

  /** Drops the oldest stubs of one group: those that nobody promised, else the largest. */
  #makeRoom(): void {
    const groups = Map.groupBy(this.#stubs, ([, { promisedBy }]) => [...promisedBy].join(' '))
    const sizes = [...groups].map(([key, { length }]) => [key, length] as const)
    const [largest] = sizes.toSorted((a, b) => b[1] - a[1])
    const group = groups.get('') ?? groups.get(largest?.[0] ?? '') ?? []
    const oldest = group.toSorted(([, { since }], [, other]) => since - other.since)
    for (const [cid] of oldest.slice(0, STUBS_ROOM)) this.#stubs.delete(cid)
  }
}

function stubOf(cid: Cid, { promisedBy, since }: Promised): Stub {
  return { cid, promisedBy: [...promisedBy], since: timestamp(since) }
}
