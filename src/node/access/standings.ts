import { z } from 'zod'
import type { JsonObject } from '../../core/canonical.ts'
import { GroveError } from '../../core/errors.ts'
import { tidyAddress } from '../../core/peers/endpoint.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { timestamp } from '../../core/time.ts'
import type { StandingEntry } from '../../core/wire/access.ts'
import type { AccessPorts } from './tokens.ts'

const SPACE = 'standing'
/** Groves that an operator may have listed as trusted or blocked. */
const STANDINGS_MAX = 10_000

const storedSchema = z.object({
  peer: z.string(),
  standing: z.enum(['trusted', 'blocked']),
  reason: z.string().optional(),
  /** Unix ms, as is `until`. */
  since: z.number(),
  until: z.number().optional(),
})
type KeptStanding = z.infer<typeof storedSchema>

/** What is said of a grove, for how long from now on. */
export interface NewStanding {
  readonly standing: StandingEntry['standing'] | 'none'
  readonly reason?: string | undefined
  readonly forMs?: number | undefined
}

/** Which groves are trusted, and which blocked: by id, and those without a key by address. */
export class Standings {
  readonly #ports: AccessPorts
  readonly #changed: () => void
  readonly #known = new Map<string, KeptStanding>()

  /** `changed` is called after something was said, and not where a standing ends by itself. */
  constructor(ports: AccessPorts, changed: () => void = () => {}) {
    this.#ports = ports
    this.#changed = changed
  }

  /** Reads what was kept. A record that can't be read is forgotten. */
  async load(): Promise<void> {
    for (const { value } of await this.#ports.records.list(SPACE)) {
      const { data } = storedSchema.safeParse(value)
      if (data !== undefined) this.#known.set(data.peer, data)
    }
  }

  /** What is said of the grove with an id or address now. */
  of(peer: string): StandingEntry['standing'] | undefined {
    const entry = this.#known.get(peer)
    return entry === undefined || this.#isOver(entry) ? undefined : entry.standing
  }

  /** Whether a grove is blocked, by its id or its address. */
  blocks({ peerId, address }: PeerAddress): boolean {
    return this.of(peerId) === 'blocked' || this.of(tidyAddress(address)) === 'blocked'
  }

  /** Says something of a grove in the place of what was said before, durably. Throws `refused`. */
  async say(peer: string, { standing, reason, forMs }: NewStanding): Promise<void> {
    if (standing === 'none') {
      await this.#ports.records.delete(SPACE, peer)
      if (this.#known.delete(peer)) this.#changed()
      return
    }
    await this.#dropOver()
    if (this.#known.size >= STANDINGS_MAX && !this.#known.has(peer))
      throw new GroveError('refused', {}, { message: tooMany })
    const since = this.#ports.clock.now()
    const stored = {
      ...{ peer, standing, since },
      ...(reason === undefined ? {} : { reason }),
      ...(forMs === undefined ? {} : { until: since + forMs }),
    }
    await this.#ports.records.set(SPACE, peer, stored)
    this.#known.set(peer, stored)
    this.#changed()
  }

  /**
   * A grove has another key since that moment (Unix ms): what was said of it by then is said of its
   * new key, unless something is said of that already. What is said of the old one later stays.
   */
  async pass({ from, to }: { readonly from: string; readonly to: string }, heardAt: number) {
    const { records } = this.#ports
    const entry = this.#known.get(from)
    if (entry === undefined || this.#isOver(entry) || entry.since > heardAt) return
    const there = this.#known.get(to)
    const isPassed = there?.since === entry.since && there.standing === entry.standing
    if (!isPassed && this.of(to) !== undefined) return
    const passed = { ...entry, peer: to }
    await records.set(SPACE, to, passed as JsonObject)
    this.#known.set(to, passed)
    await records.delete(SPACE, from)
    this.#known.delete(from)
  }

  /** When the next of them ends by itself (Unix ms); undefined where none does. */
  nextEnd(): number | undefined {
    const ends = [...this.#known.values()].flatMap((entry) =>
      entry.until === undefined || this.#isOver(entry) ? [] : [entry.until],
    )
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  /** What holds now, the oldest first. */
  list(): StandingEntry[] {
    return [...this.#known.values()]
      .filter((entry) => !this.#isOver(entry))
      .toSorted((a, b) => a.since - b.since)
      .map(({ since, until, ...entry }) => ({
        ...entry,
        since: timestamp(since),
        ...(until === undefined ? {} : { until: timestamp(until) }),
      }))
  }

  async #dropOver(): Promise<void> {
    for (const entry of [...this.#known.values()]) {
      if (!this.#isOver(entry)) continue
      await this.#ports.records.delete(SPACE, entry.peer)
      this.#known.delete(entry.peer)
    }
  }

  #isOver({ until }: KeptStanding): boolean {
    return until !== undefined && until <= this.#ports.clock.now()
  }
}

const tooMany = `${STANDINGS_MAX} groves are listed, and no more can be: unblock some`
