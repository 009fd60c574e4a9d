import type { Cid } from '../../src/core/cid.ts'
import { enforceInvariants } from '../../src/core/invariant.ts'
import type { PeerAddress } from '../../src/core/peers/peer.ts'
import { below, type Random, sample } from '../../src/core/random.ts'
import type { Advertisement } from '../../src/core/ranking/advertisement.ts'
import type { LocalEntry } from '../../src/core/ranking/frontier.ts'
import { byDimension } from '../../src/protocol/gossip/digest.ts'
import { GossipState } from '../../src/protocol/gossip-state.ts'
import type { Effect, Input } from '../../src/protocol/messages.ts'
import { ipOf, SIMULATED_HOSTS } from '../network/hosts.ts'
import { offspring, seeded } from './rng.ts'
import { Tally } from './tally.ts'
import { Timeline } from './timeline.ts'

export const INTERVAL_MS = 30_000
const START = Date.UTC(2026, 10, 23)
/** One way, evenly spread. */
const LATENCY_MS = [20, 150] as const
/**
 * How long a grove waits for an answer, and for a fetch before it asks another provider.
 */
const PATIENCE_MS = 5_000
const FETCH_PATIENCE_MS = 1_000
const FETCH_TRIES = 8
/** Entries a dimension in a grove's local frontier. */
const FRONTIER_DEPTH = 20
/** The number of each grove's node record: as long as those of real ones. */
const SEQ = START
/** Seeds of a new grove. */
const SEEDS_EACH = 3

export interface WorldOptions {
  readonly count: number
  readonly seed: number
  /** The probability that a message (request, answer, or either half of a fetch) is lost. */
  readonly loss: number
  /** Off: work travels by the periodic exchange alone. */
  readonly announcements: boolean
  /** Off: what is discovered is known but never advertised on, as in Grove 0.1. */
  readonly relay: boolean
  /** Who may be in views: whoever shuffles bring, or who has answered under its key. */
  readonly sampling: 'cyclon' | 'proven'
  /** Whether to count bytes, which costs time. */
  readonly bytes: boolean
  /** What a grove fetches of what it discovers. */
  readonly wants: (advertisement: Advertisement) => boolean
}

/** One run of one grove's process: a restarted grove is another one at the same address. */
export interface Grove {
  readonly self: PeerAddress
  readonly gossip: GossipState
  readonly held: Map<Cid, LocalEntry>
  /** What it knows to exist: held, or advertised where it doesn't fetch. */
  readonly known: Set<Cid>
  readonly fetching: Set<Cid>
  readonly rng: Random
  up: boolean
  wakeAt: number
}

/** Answers gossip in another way than a grove does. */
export interface Impostor {
  /** The id under whose key it answers. */
  readonly peerId: string
  answer(input: Input): Effect | undefined
}

/** Groves that run the production gossip state on virtual time, and the network between them. */
export class World {
  readonly timeline = new Timeline(START)
  readonly tally: Tally
  readonly options: WorldOptions
  readonly rng: Random
  /** The groves that are up, and those that have gone. */
  groves: Grove[] = []
  readonly #byAddress = new Map<string, Grove>()
  readonly #impostors = new Map<string, Impostor>()
  readonly #network: Random
  #named = 0
  /** Called with every effect of every grove, before it is carried out. */
  onEffect: ((grove: Grove, effect: Effect) => void) | undefined

  constructor(options: Partial<WorldOptions> & Pick<WorldOptions, 'count' | 'seed'>) {
    this.options = {
      loss: 0,
      announcements: true,
      relay: true,
      sampling: 'cyclon',
      bytes: false,
      wants: () => true,
      ...options,
    }
    enforceInvariants()
    this.rng = seeded(options.seed)
    this.#network = offspring(this.rng)
    this.tally = new Tally(this.options.bytes)
    for (let n = 0; n < options.count; n += 1) this.join(INTERVAL_MS * this.rng.next())
  }

  get now(): number {
    return this.timeline.now
  }

  /** A new grove that knows a few of those that are up, by their addresses. */
  join(delayMs = 0): Grove {
    const seeds = sample(this.rng, this.#some(4 * SEEDS_EACH), SEEDS_EACH).map(
      (grove) => grove.self,
    )
    const self = this.addressOf(this.#named)
    this.#named += 1
    return this.start(self, seeds, delayMs)
  }

  /** Starts a grove, the first time or again. */
  start(self: PeerAddress, seeds: readonly PeerAddress[], delayMs = 0): Grove {
    const rng = offspring(this.rng)
    const { announcements, sampling } = this.options
    const config = {
      sampling: sampling === 'proven' ? { random: offspring(rng), accepts: () => true } : undefined,
      self,
      seeds,
      hosts: SIMULATED_HOSTS,
      capabilities: { federation: 2 },
      gossipIntervalMs: INTERVAL_MS,
      announcements,
    }
    const gossip = new GossipState(config, rng)
    const grove: Grove = {
      self,
      gossip,
      held: new Map(),
      known: new Set(),
      fetching: new Set(),
      rng,
      up: true,
      wakeAt: 0,
    }
    this.groves.push(grove)
    this.#byAddress.set(self.address, grove)
    this.#wake(grove, this.now + Math.floor(delayMs))
    return grove
  }

  /** Ends a grove without a word. */
  stop(grove: Grove): void {
    grove.up = false
    this.groves = this.groves.filter((other) => other !== grove)
  }

  /** A few of the groves that are up, chosen at random; fewer if one is drawn twice. */
  #some(count: number): Grove[] {
    const drawn = Array.from(
      { length: count },
      () => this.groves[below(this.rng, this.groves.length)],
    )
    return [...new Set(drawn.filter((grove) => grove !== undefined))]
  }

  /** At this address an impostor answers. */
  impersonate(address: string, impostor: Impostor): void {
    this.#impostors.set(address, impostor)
  }

  /** The id and address of the nth grove. Groves that prove themselves have keys for ids. */
  addressOf(n: number): PeerAddress {
    const { peerId, address } = addressOf(n)
    const isKeyed = this.options.sampling === 'proven'
    return { peerId: isKeyed ? `ed25519:${peerId.slice(6).padStart(64, '0')}` : peerId, address }
  }

  groveAt(address: string): Grove | undefined {
    return this.#byAddress.get(address)
  }

  /** Puts items into a grove, as publishing or fetching does. */
  store(grove: Grove, ...items: readonly LocalEntry[]): void {
    for (const item of items) {
      grove.held.set(item.cid, item)
      grove.known.add(item.cid)
    }
    this.tell(grove, { type: 'held', cids: items.map(({ cid }) => cid) })
    const places = byDimension([...grove.held.values()])
    this.tell(grove, {
      type: 'frontier',
      entries: [...places.values()].flatMap((best) => best.slice(0, FRONTIER_DEPTH)),
    })
  }

  tell(grove: Grove, input: Input): void {
    if (!grove.up) return
    for (const effect of grove.gossip.step(input, this.now)) this.#carryOut(grove, effect)
  }

  runRounds(rounds: number): void {
    this.timeline.runUntil(this.now + rounds * INTERVAL_MS)
    this.checkInvariants()
  }

  checkInvariants(): void {
    for (const { gossip } of this.groves) gossip.checkInvariants()
  }

  /** The share of the groves that are up that know the item. */
  knowing(cid: Cid): number {
    let knowing = 0
    for (const grove of this.groves) if (grove.known.has(cid)) knowing += 1
    return knowing / this.groves.length
  }

  /** Delivers a message that comes from no grove to an address; loss and latency apply. */
  deliver(address: string, input: Input): void {
    if (this.#lost()) return
    this.timeline.after(this.#latency(), () => {
      const to = this.#byAddress.get(address)
      if (to?.up) this.#answer(to, input)
    })
  }

  #carryOut(grove: Grove, effect: Effect): void {
    this.onEffect?.(grove, effect)
    const remote = ipOf(grove.self.address)
    switch (effect.type) {
      case 'wake':
        this.#wake(grove, effect.at)
        break
      case 'send-exchange':
        this.#ask(grove, effect.peer, {
          type: 'exchange-received',
          message: effect.message,
          remote,
        })
        break
      case 'send-shuffle':
        this.#ask(grove, effect.peer, {
          type: 'shuffle-received',
          request: effect.request,
          remote,
        })
        break
      case 'send-sample': {
        const { peer, most } = effect
        const request = { from: { ...grove.self, seq: SEQ }, most, have: SEQ }
        this.#ask(grove, peer, { type: 'sample-received', request })
        break
      }
      case 'discovered':
        for (const advertisement of effect.entries) this.#discover(grove, advertisement)
    }
  }

  #wake(grove: Grove, at: number): void {
    grove.wakeAt = at
    this.timeline.at(at, () => {
      if (grove.wakeAt === at) this.tell(grove, { type: 'tick' })
    })
  }

  #ask(from: Grove, peer: PeerAddress, input: Input): void {
    const givenUpAt = this.now + PATIENCE_MS
    const giveUp = () =>
      this.timeline.at(givenUpAt, () => this.tell(from, { type: 'contact-failed', peer }))
    this.tally.sent(input)
    if (this.#lost()) {
      giveUp()
      return
    }
    this.timeline.after(this.#latency(), () => {
      const answer = this.#answerAt(peer.address, input)
      if (answer === undefined || this.#lost()) giveUp()
      else this.timeline.after(this.#latency(), () => this.#receive(from, peer, answer))
    })
  }

  #receive(from: Grove, peer: PeerAddress, answer: Effect): void {
    const proven =
      this.#impostors.get(peer.address)?.peerId ?? this.groveAt(peer.address)?.self.peerId
    if (answer.type === 'reply-exchange')
      this.tell(from, { type: 'exchange-answered', peer, message: answer.message, isProven: true })
    if (answer.type === 'reply-sample') {
      const { peers } = answer
      this.tell(from, { type: 'sample-answered', peer, answer: { peers }, proven, seq: SEQ })
    }
    if (answer.type === 'reply-shuffle')
      this.tell(from, { type: 'shuffle-answered', peer, response: answer.response })
  }

  #answerAt(address: string, input: Input): Effect | undefined {
    const impostor = this.#impostors.get(address)
    if (impostor !== undefined) return impostor.answer(input)
    const to = this.#byAddress.get(address)
    return to?.up ? this.#answer(to, input) : undefined
  }

  #answer(to: Grove, input: Input): Effect | undefined {
    this.tally.received(to, input)
    let answer: Effect | undefined
    for (const effect of to.gossip.step(input, this.now)) {
      if (effect.type.startsWith('reply-')) answer = effect
      else this.#carryOut(to, effect)
    }
    if (answer !== undefined) this.tally.answered(input, answer)
    return answer
  }

  #discover(grove: Grove, advertisement: Advertisement): void {
    if (!this.options.wants(advertisement)) return
    if (this.options.relay) this.#fetch(grove, advertisement, advertisement.from, 1)
    else grove.known.add(advertisement.cid)
  }

  /** One round trip to a provider; to another one after a while without an answer. */
  #fetch(grove: Grove, advertisement: Advertisement, from: PeerAddress, tries: number): void {
    if (
      !grove.up ||
      grove.held.has(advertisement.cid) ||
      (tries === 1 && grove.fetching.has(advertisement.cid))
    )
      return
    grove.fetching.add(advertisement.cid)
    const provider = this.#byAddress.get(from.address)
    const { cid, tags = [] } = advertisement
    if (provider?.up && provider.held.has(cid)) {
      this.timeline.after(this.#latency() + this.#latency(), () => {
        grove.fetching.delete(cid)
        if (!grove.held.has(cid)) this.store(grove, { ...advertisement, tags })
      })
      return
    }
    this.timeline.after(FETCH_PATIENCE_MS, () => {
      const others = grove.gossip.providersOf(cid)
      const next = others[tries % Math.max(1, others.length)]
      if (next !== undefined && tries < FETCH_TRIES)
        this.#fetch(grove, advertisement, next, tries + 1)
      else grove.fetching.delete(cid)
    })
  }

  #lost(): boolean {
    return this.options.loss > 0 && this.#network.next() < this.options.loss
  }

  #latency(): number {
    const [least, most] = LATENCY_MS
    return least + below(this.#network, most - least + 1)
  }
}

/** An id and address as a deployed grove has them. */
export function addressOf(n: number): PeerAddress {
  const id = n.toString(16).padStart(32, '0')
  return {
    peerId: `grove-${id}`,
    address: `http://10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}:4515`,
  }
}

/** The nth item; the later one is better. */
export function work(n: number, metric = 'val_bpb'): LocalEntry {
  const cid = `blake3:${(n + 1).toString(16).padStart(64, '0')}` as Cid
  return { cid, metric, direction: 'minimize', value: 1 / (n + 1), tags: ['lm'] }
}
