import { seeded } from '../../../sim/gossip/rng.ts'
import type { Cid } from '../../../src/core/cid.ts'
import { enforceInvariants } from '../../../src/core/invariant.ts'
import type { PeerAddress } from '../../../src/core/peers/peer.ts'
import { type Random, sample } from '../../../src/core/random.ts'
import { comparePlaces, type LocalEntry } from '../../../src/core/ranking/frontier.ts'
import { GossipState } from '../../../src/protocol/gossip-state.ts'
import type { Effect, Input } from '../../../src/protocol/messages.ts'

export { seeded }

enforceInvariants()

export const INTERVAL_MS = 30_000
export const START = Date.UTC(2026, 10, 23)

export const peer = (n: number): PeerAddress => ({
  peerId: `p${n}`,
  address: `http://10.0.${n >> 8}.${n & 255}:4515`,
})
export const cid = (n: number): Cid => `blake3:${n.toString(16).padStart(64, '0')}` as Cid
export const work = (n: number, value: number): LocalEntry => ({
  cid: cid(n),
  metric: 'val_bpb',
  direction: 'minimize',
  value,
  tags: [],
})

export interface Grove {
  readonly self: PeerAddress
  readonly gossip: GossipState
  readonly held: Map<Cid, LocalEntry>
  wakeAt: number
  up: boolean
}

/**
 * Groves in memory. Messages arrive and discovered items are fetched at once, and time jumps from
 * wake to wake.
 */
export class Network {
  now = START
  messages = 0
  readonly groves: Grove[]
  readonly #byAddress: ReadonlyMap<string, Grove>
  readonly #linked: (a: PeerAddress, b: PeerAddress) => boolean

  constructor(options: {
    count: number
    seed: number
    seedsOf: (n: number) => readonly PeerAddress[]
    linked?: (a: PeerAddress, b: PeerAddress) => boolean
  }) {
    const rng = seeded(options.seed)
    this.#linked = options.linked ?? (() => true)
    this.groves = Array.from({ length: options.count }, (_, n) => {
      const config = {
        self: peer(n),
        seeds: options.seedsOf(n),
        capabilities: {},
        gossipIntervalMs: INTERVAL_MS,
      }
      const own = seeded(Math.floor(rng.next() * 2 ** 32))
      const wakeAt = this.now + Math.floor(own.next() * INTERVAL_MS)
      return {
        self: peer(n),
        gossip: new GossipState(config, own),
        held: new Map(),
        wakeAt,
        up: true,
      }
    })
    this.#byAddress = new Map(this.groves.map((grove) => [grove.self.address, grove]))
  }

  /** Stores an item in a grove, as publishing or fetching does. */
  store(grove: Grove, item: LocalEntry): void {
    grove.held.set(item.cid, item)
    this.tell(grove, { type: 'frontier', entries: [...grove.held.values()].sort(comparePlaces) })
  }

  tell(grove: Grove, input: Input): Effect[] {
    const effects = grove.gossip.step(input, this.now)
    for (const effect of effects) this.#carryOut(grove, effect)
    return effects
  }

  /** Lets time pass until `end`, and wakes groves in order. */
  runUntil(end: number): void {
    for (;;) {
      const next = this.groves.reduce((a, b) =>
        b.up && b.wakeAt < (a.up ? a.wakeAt : Number.POSITIVE_INFINITY) ? b : a,
      )
      if (!next.up || next.wakeAt > end) break
      this.now = Math.max(this.now, next.wakeAt)
      next.wakeAt = Number.POSITIVE_INFINITY
      this.tell(next, { type: 'tick' })
    }
    this.now = end
    for (const { gossip } of this.groves) gossip.checkInvariants()
  }

  runRounds(rounds: number): void {
    this.runUntil(this.now + rounds * INTERVAL_MS)
  }

  /** The share of groves that hold the item. */
  knowing(item: LocalEntry): number {
    return this.groves.filter((grove) => grove.held.has(item.cid)).length / this.groves.length
  }

  #carryOut(grove: Grove, effect: Effect): void {
    if (effect.type === 'wake') grove.wakeAt = effect.at
    if (effect.type === 'discovered')
      for (const entry of effect.entries) this.#fetch(grove, { ...entry, tags: entry.tags ?? [] })
    if (effect.type === 'send-exchange') {
      this.messages += 1
      const answer = this.#ask(grove, effect.peer, {
        type: 'exchange-received',
        message: effect.message,
      })
      if (answer?.type !== 'reply-exchange')
        this.tell(grove, { type: 'contact-failed', peer: effect.peer })
      else
        this.tell(grove, { type: 'exchange-answered', peer: effect.peer, message: answer.message })
    }
    if (effect.type === 'send-shuffle') {
      const answer = this.#ask(grove, effect.peer, {
        type: 'shuffle-received',
        request: effect.request,
      })
      if (answer?.type !== 'reply-shuffle')
        this.tell(grove, { type: 'contact-failed', peer: effect.peer })
      else
        this.tell(grove, { type: 'shuffle-answered', peer: effect.peer, response: answer.response })
    }
  }

  #ask(from: Grove, to: PeerAddress, input: Input): Effect | undefined {
    const other = this.#byAddress.get(to.address)
    if (other === undefined || !other.up || !this.#linked(from.self, other.self)) return undefined
    return this.tell(other, input).find(
      (effect) => effect.type === 'reply-exchange' || effect.type === 'reply-shuffle',
    )
  }

  #fetch(grove: Grove, item: LocalEntry): void {
    if (grove.held.has(item.cid)) return
    const providers = grove.gossip
      .providersOf(item.cid)
      .map((provider) => this.#byAddress.get(provider.address))
    if (providers.some((provider) => provider?.up && provider.held.has(item.cid)))
      this.store(grove, item)
  }
}

/** Seeds for each grove: a few earlier groves, as an operator would configure. */
export function someSeeds(random: Random, count = 2): (n: number) => PeerAddress[] {
  return (n) =>
    sample(
      random,
      Array.from({ length: n }, (_, i) => peer(i)),
      count,
    )
}
