import { Singleflight } from '../concurrency/singleflight.ts'
import { Throttle } from '../concurrency/throttle.ts'
import { parseCid } from '../core/cid.ts'
import { isGroveError } from '../core/errors.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Random } from '../core/random.ts'
import type { Advertisement } from '../core/ranking/advertisement.ts'
import { localEntry } from '../core/ranking/frontier.ts'
import type { SyncReport } from '../core/wire/federation.ts'
import type { FetchResult } from '../core/wire/fetch.ts'
import type { GossipMessage, ShuffleRequest, ShuffleResponse } from '../core/wire/gossip.ts'
import { FEDERATION_VERSION } from '../core/wire/gossip.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { ContributionStore } from '../ports/contribution-store.ts'
import type { GraphIndex } from '../ports/graph-index.ts'
import type { GraphStore } from '../ports/graph-store.ts'
import type { Log } from '../ports/log.ts'
import type { RecordStore } from '../ports/record-store.ts'
import type { StubStore } from '../ports/stub-store.ts'
import type { Transport } from '../ports/transport.ts'
import { GossipState } from '../protocol/gossip-state.ts'
import type { Effect, Input } from '../protocol/messages.ts'
import type { NodeConfig, NodeContext } from './context.ts'
import { EventHub } from './events.ts'
import { AdvertisementVerifier } from './peers/advertisement-verifier.ts'
import { PeerStore } from './peers/peer-store.ts'
import { discovered, syncRound } from './sync/sync.ts'
import { SyncState } from './sync/sync-state.ts'
import { TransferSlots } from './transfer/transfer-slots.ts'

/** The local frontier is read at once after a store, but not more often than this: stores in quick succession share a reading. */
const FRONTIER_GAP_MS = 25
/** Entries a dimension that the replica is given to make digests of. */
const FRONTIER_DEPTH = 20

export interface NodePorts {
  readonly graph: GraphStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

/** A grove at work: owns a replica, hands it what happens one input at a time, and carries out what it wants done. */
export class GroveNode implements NodeContext {
  readonly config: NodeConfig
  readonly contributions: ContributionStore
  readonly index: GraphIndex
  readonly stubs: StubStore
  readonly blobs: BlobStore
  readonly records: RecordStore
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly events: EventHub
  readonly peers: PeerStore
  readonly advertisements: AdvertisementVerifier
  readonly gossip: GossipState
  readonly fetches = new Singleflight<FetchResult>()
  readonly rounds = new Singleflight<SyncReport>()
  readonly transfers = new TransferSlots()
  readonly sync = new SyncState()
  readonly #frontierGap = new Throttle(FRONTIER_GAP_MS)
  readonly #closing = new AbortController()
  readonly #tasks = new Set<Promise<void>>()
  readonly #timers = new Map<'wake' | 'frontier' | 'sync', () => void>()

  constructor(config: NodeConfig, ports: NodePorts) {
    this.config = config
    this.contributions = ports.graph
    this.index = ports.graph
    this.stubs = ports.graph
    this.blobs = ports.blobs
    this.records = ports.records
    this.transport = ports.transport
    this.clock = ports.clock
    this.random = ports.random
    this.log = ports.log
    this.events = new EventHub(ports.clock)
    this.peers = new PeerStore({ records: ports.records, clock: ports.clock, log: ports.log })
    this.advertisements = new AdvertisementVerifier(this)
    this.gossip = new GossipState(
      { ...config, capabilities: { federation: FEDERATION_VERSION, blobs: 1 } },
      ports.random,
    )
  }

  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Reads what is held and begins to gossip and to sync. */
  async start(): Promise<void> {
    await this.peers.load()
    await this.#readFrontier()
    if (this.config.reachable) this.tell({ type: 'tick' })
    if (this.config.policy.scope !== 'off')
      this.#timer('sync', this.config.syncIntervalMs * this.random.next(), () => this.#sync())
  }

  /** Ends every wait and timer, then waits for what was under way. The stores and the transport stay the caller's. */
  async close(): Promise<void> {
    this.#closing.abort()
    for (const cancel of this.#timers.values()) cancel()
    await Promise.allSettled(this.#tasks)
    await this.peers.close()
  }

  askable(): PeerAddress[] {
    const live = this.gossip.livePeers(this.clock.now())
    const known = new Set(live.map((peer) => peer.address))
    return [...live, ...this.config.seeds.filter((seed) => !known.has(seed.address))]
  }

  tell(input: Input): void {
    if (this.closing.aborted) return
    for (const effect of this.gossip.step(input, this.clock.now())) this.#carryOut(effect)
  }

  stored(cids: readonly string[]): void {
    if (this.closing.aborted) return
    const held = cids.map(parseCid)
    this.tell({ type: 'held', cids: held })
    this.#spawn(this.advertisements.verifyHeld(held))
    if (!this.#timers.has('frontier'))
      this.#timer('frontier', this.#frontierGap.delayMs(this.clock.now()), () =>
        this.#spawn(this.#readFrontier()),
      )
  }

  /** A peer's gossip message came in; the answer to it. */
  exchange(message: GossipMessage): GossipMessage {
    const effects = this.gossip.step({ type: 'exchange-received', message }, this.clock.now())
    return this.#replyAmong(effects, 'reply-exchange').message
  }

  /** A peer's shuffle came in; the answer to it. */
  shuffle(request: ShuffleRequest): ShuffleResponse {
    const effects = this.gossip.step({ type: 'shuffle-received', request }, this.clock.now())
    return this.#replyAmong(effects, 'reply-shuffle').response
  }

  #replyAmong<T extends Effect['type']>(
    effects: readonly Effect[],
    type: T,
  ): Extract<Effect, { type: T }> {
    let reply: Extract<Effect, { type: T }> | undefined
    for (const effect of effects) {
      if (effect.type === type) reply = effect as Extract<Effect, { type: T }>
      else this.#carryOut(effect)
    }
    if (reply === undefined) throw new Error(`the replica gave no ${type}`)
    return reply
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send-exchange':
        this.#spawn(this.#exchangeWith(effect.peer, effect.message))
        break
      case 'send-shuffle':
        this.#spawn(this.#shuffleWith(effect.peer, effect.request))
        break
      case 'wake':
        this.#timer('wake', Math.max(0, effect.at - this.clock.now()), () =>
          this.tell({ type: 'tick' }),
        )
        break
      case 'discovered':
        this.#discovered(effect.entries)
        break
      case 'heard':
        this.#spawn(this.advertisements.verifyHeld(effect.entries.map(({ cid }) => cid)))
        break
      case 'peer-status':
        this.log.info('peer status', { ...effect.peer, status: effect.status })
        this.events.publish({ type: 'peer', ...effect.peer, status: effect.status })
        break
      case 'reply-exchange':
      case 'reply-shuffle':
        throw new Error(`${effect.type} outside of its request`)
    }
  }

  #discovered(advertisements: readonly Advertisement[]): void {
    for (const { cid, metric, value, direction, from } of advertisements) {
      this.events.publish({ type: 'announced', cid, metric, value, direction, peerId: from.peerId })
    }
    if (this.config.policy.scope !== 'off') discovered(this, advertisements)
  }

  async #exchangeWith(peer: PeerAddress, message: GossipMessage): Promise<void> {
    await this.#contact(peer, async () => {
      const answer = await this.transport.exchange(peer, message, { signal: this.closing })
      this.tell({ type: 'exchange-answered', peer, message: answer })
    })
  }

  async #shuffleWith(peer: PeerAddress, request: ShuffleRequest): Promise<void> {
    await this.#contact(peer, async () => {
      const response = await this.transport.shuffle(peer, request, { signal: this.closing })
      this.tell({ type: 'shuffle-answered', peer, response })
    })
  }

  async #contact(peer: PeerAddress, talk: () => Promise<void>): Promise<void> {
    try {
      await talk()
    } catch (error) {
      if (!isGroveError(error)) throw error
      if (this.closing.aborted) return
      this.log.debug('peer did not answer gossip', {
        ...peer,
        code: error.code,
        reason: error.message,
      })
      if (error.code === 'address-refused') this.peers.fault(peer.address, error)
      this.tell({ type: 'contact-failed', peer })
    }
  }

  async #readFrontier(): Promise<void> {
    this.#frontierGap.start(this.clock.now())
    const rankings = await this.index.frontier({ limit: FRONTIER_DEPTH })
    const entries = rankings.flatMap(({ places }) => places.map(localEntry))
    this.tell({ type: 'frontier', entries })
  }

  #sync(): void {
    const wait = this.config.syncIntervalMs * (0.8 + 0.4 * this.random.next())
    this.#timer('sync', wait, () => this.#sync())
    this.#spawn(syncRound(this, { signal: this.closing }).then(() => undefined))
  }

  #timer(name: 'wake' | 'frontier' | 'sync', delayMs: number, task: () => void): void {
    this.#timers.get(name)?.()
    const cancel = this.clock.after(delayMs, () => {
      this.#timers.delete(name)
      if (!this.closing.aborted) task()
    })
    this.#timers.set(name, cancel)
  }

  /** Runs something that nobody waits for; what it throws is logged, unless the grove is closing. */
  #spawn(task: Promise<void>): void {
    const watched = task
      .catch((error: unknown) => {
        if (!this.closing.aborted)
          this.log.error('background task failed', { error: String(error) })
      })
      .finally(() => this.#tasks.delete(watched))
    this.#tasks.add(watched)
  }
}
