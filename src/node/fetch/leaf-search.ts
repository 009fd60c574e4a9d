import { BoundedMap } from '../../concurrency/bounded.ts'
import type { Cid } from '../../core/cid.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { FetchContext } from '../context.ts'
import { withDeadline } from './deadline.ts'
import { LeafCalls } from './leaf-calls.ts'

/** How long leaves have to say whether they hold something. */
const SEARCH_MS = 4_000
/** Leaves that are asked for one thing: at once, and in all. */
const LEAVES_AT_ONCE = 4
const LEAVES_OF_SEARCH_MAX = 16
/** How long a leaf is waited for before the next one is asked beside it. */
const SILENT_MS = 1_000
/** Leaves of a search, at most, that are asked because they have given something lately. */
const GIVERS_OF_SEARCH_MAX = 8
/** Leaves of which it is remembered when they were asked, and when they gave something. */
const LEAVES_NOTED_MAX = 1_024

/** A manifest, or an artifact of a contribution that is held. */
export interface Wanted {
  readonly cid: Cid
  readonly artifact?: { readonly hash: Cid; readonly name: string }
}

/** For whom something is sought, and among which leaves. */
interface Search {
  readonly host: string
  readonly leaves: readonly PeerAddress[]
}

interface Found {
  /** The first leaf that says that it holds it. */
  readonly leaf: PeerAddress | undefined
  /** Whether there are leaves that were not asked. */
  readonly hasMore: boolean
}

/** Asks leaves who holds something: few of them, so that a question of a stranger costs little. */
export class LeafSearch {
  readonly #node: FetchContext
  readonly #calls = new LeafCalls()
  /** By address, the latest last. */
  readonly #asked = new BoundedMap<string, true>(LEAVES_NOTED_MAX)
  readonly #gave = new BoundedMap<string, true>(LEAVES_NOTED_MAX)

  constructor(node: FetchContext) {
    this.#node = node
  }

  /** What was sought came from this leaf, and was right. */
  gave({ address }: PeerAddress): void {
    this.#gave.set(address, true)
  }

  async holderOf(wanted: Wanted, { host, leaves }: Search): Promise<Found> {
    const { closing } = this.#node
    const options = { cid: wanted.cid, timeoutMs: SEARCH_MS, signal: closing }
    let count = 0
    const ask = (leaf: PeerAddress, signal: AbortSignal) =>
      this.#calls.run(host, signal, () => {
        count += 1
        return this.#ask(leaf, wanted, signal)
      })
    try {
      const chosen = this.#chosen(leaves, await this.#likely(wanted))
      for (const { address } of chosen) this.#asked.set(address, true)
      const leaf = await withDeadline(this.#node, options, (signal) =>
        this.#firstOf(chosen, signal, ask),
      )
      return { leaf, hasMore: count < leaves.length }
    } catch (error) {
      if (!isGroveError(error)) throw error
      return { leaf: undefined, hasMore: count < leaves.length }
    }
  }

  /** Keys that have advertised it, or signed the contribution that it belongs to. */
  async #likely({ cid }: Wanted): Promise<ReadonlySet<string>> {
    const [[, origins = []] = []] = await this.#node.origins.of([cid])
    return new Set([...this.#node.gossip.providersOf(cid), ...origins].map((one) => one.peerId))
  }

  /**
   * Likely holders first, then leaves that gave something lately, then those that were not asked
   * for the longest time: so all are asked in the end.
   */
  #chosen(leaves: readonly PeerAddress[], likely: ReadonlySet<string>): PeerAddress[] {
    const gave = rankedBy(this.#gave)
    const asked = rankedBy(this.#asked)
    const givers = leaves
      .filter((leaf) => gave(leaf) >= 0)
      .toSorted((a, b) => gave(b) - gave(a))
      .slice(0, GIVERS_OF_SEARCH_MAX)
    const others = leaves.toSorted((a, b) => asked(a) - asked(b))
    const holders = leaves.filter(({ peerId }) => likely.has(peerId))
    return [...new Set([...holders, ...givers, ...others])].slice(0, LEAVES_OF_SEARCH_MAX)
  }

  /**
   * The first leaf of which the question is true. A few are asked at once, and others beside those
   * that are silent. All that are still asked are given up then.
   */
  async #firstOf(
    leaves: readonly PeerAddress[],
    signal: AbortSignal,
    question: (leaf: PeerAddress, signal: AbortSignal) => Promise<boolean>,
  ): Promise<PeerAddress | undefined> {
    const over = new AbortController()
    const until = AbortSignal.any([signal, over.signal])
    const rest = leaves.values()
    const answers: Promise<void>[] = []
    let found: PeerAddress | undefined
    const put = async (leaf: PeerAddress) => {
      try {
        if (!(await question(leaf, until))) return
        found ??= leaf
        over.abort(new GroveError('aborted'))
      } catch {
        // However a leaf fails, another one may hold it.
      }
    }
    const putEach = async () => {
      for (const leaf of rest) {
        if (until.aborted) return
        const answer = put(leaf)
        answers.push(answer)
        await this.#patiently(answer)
      }
    }
    await Promise.all(Array.from({ length: LEAVES_AT_ONCE }, putEach))
    await Promise.all(answers)
    return found
  }

  /** Waits for an answer, but not for long. */
  async #patiently(answer: Promise<void>): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const cancel = this.#node.clock.after(SILENT_MS, resolve)
    await Promise.race([answer, late])
    cancel()
  }

  async #ask(leaf: PeerAddress, wanted: Wanted, signal: AbortSignal): Promise<boolean> {
    const { transport } = this.#node
    const { cid, artifact } = wanted
    if (artifact === undefined) return transport.holds(leaf, cid, { signal })
    await transport.sizeOf(leaf, { hash: artifact.hash }, { signal })
    return true
  }
}

/** The place of a leaf in a memory, the latest last; -1 where it is not there. */
function rankedBy(memory: ReadonlyMap<string, unknown>): (leaf: PeerAddress) => number {
  const places = new Map([...memory.keys()].map((address, place) => [address, place]))
  return ({ address }) => places.get(address) ?? -1
}
