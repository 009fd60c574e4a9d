import { Breath } from '../concurrency/breath.ts'
import { Singleflight } from '../concurrency/singleflight.ts'
import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Random } from '../core/random.ts'
import type { Advertisement } from '../core/ranking/advertisement.ts'
import type { FetchResult } from '../core/wire/fetch.ts'
import type {
  GossipMessage,
  SampleAnswer,
  SampleRequest,
  ShuffleRequest,
  ShuffleResponse,
} from '../core/wire/gossip.ts'
import { FEDERATION_VERSION } from '../core/wire/gossip.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { ContributionStore } from '../ports/contribution-store.ts'
import type { GraphIndex } from '../ports/graph-index.ts'
import type { Log } from '../ports/log.ts'
import type { OriginStore } from '../ports/origin-store.ts'
import type { StubStore } from '../ports/stub-store.ts'
import type { Transport } from '../ports/transport.ts'
import { GossipState } from '../protocol/gossip-state.ts'
import type { Effect, Input } from '../protocol/messages.ts'
import { Access } from './access/access.ts'
import { DialBacks } from './access/dial-backs.ts'
import { Recounting } from './access/recounting.ts'
import { Background } from './background.ts'
import type { NodeConfig } from './config.ts'
import type {
  Counters,
  FetchedManifest,
  GossipView,
  Marks,
  ReadContext,
  ServeContext,
  SyncContext,
} from './context.ts'
import { EventHub } from './events.ts'
import { ClosureAnswers } from './fetch/closure-answers.ts'
import { OnDemand } from './fetch/on-demand.ts'
import { Health } from './health.ts'
import { NodeSigning } from './identity/signing.ts'
import type { NodePorts } from './node-ports.ts'
import { AdvertisementVerifier } from './peers/advertisement-verifier.ts'
import { noteFailure, noteTwin } from './peers/contact.ts'
import { FaultLog } from './peers/fault-log.ts'
import { CallsUnderWay, exchangeWith, sampleOf, shuffleWith } from './peers/gossip-calls.ts'
import { Hubs } from './peers/hubs.ts'
import { type AnswerCall, dialable, endLines, LeafMode } from './peers/leaf.ts'
import { NodeRecords } from './peers/node-records.ts'
import { checkOtherId, renameSeeds } from './peers/other-id.ts'
import { PeerStore } from './peers/peer-store.ts'
import { provenSampling, rememberProven, renewRecord, samplesProven } from './peers/sampling.ts'
import { SeedWatch } from './peers/seed-watch.ts'
import { FrontierFeed } from './read/frontier-feed.ts'
import { GistCache } from './read/gists.ts'
import { PackIndexCache } from './read/packs.ts'
import { EvidenceMarks } from './serve/evidence-mark.ts'
import { BackgroundSync } from './sync/sync.ts'
import { TransferSlots } from './transfer/transfer-slots.ts'

/**
/** What this grove can do, as it says in gossip. */
const CAPABILITIES = { federation: FEDERATION_VERSION }

/**
 * A grove at work: all slices of the context together. It owns the state of gossip, hands it what
 * happens, one input at a time, and carries out the effects.
 */
export class GroveNode implements ReadContext, ServeContext, SyncContext {
  readonly config: NodeConfig
  readonly contributions: ContributionStore
  readonly index: GraphIndex
  readonly origins: OriginStore
  readonly signing: NodeSigning | undefined
  readonly stubs: StubStore
  readonly blobs: BlobStore
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly events: EventHub
  readonly health: Health
  readonly counters: Counters = { stored: { local: 0, peer: 0 } }
  readonly access: Access
  readonly recounting: Recounting
  readonly peers: PeerStore
  readonly nodeRecords: NodeRecords
  readonly seedWatch: SeedWatch
  readonly faultLog: FaultLog
  readonly hubs: Hubs
  readonly leaf: LeafMode
  readonly gossipCalls = new CallsUnderWay()
  readonly onDemand: OnDemand
  readonly dialBacks: DialBacks
  readonly advertisements: AdvertisementVerifier
  readonly fetches = new Singleflight<FetchResult>()
  readonly manifests = new Singleflight<FetchedManifest>()
  readonly closures = new ClosureAnswers()
  readonly transfers: TransferSlots
  readonly packs = new PackIndexCache()
  readonly gists = new GistCache()
  readonly marks: Marks
  readonly sync: BackgroundSync
  readonly #gossip: GossipState
  readonly #frontier: FrontierFeed
  readonly #background: Background
  readonly #breath: Breath | undefined

  constructor(config: NodeConfig, ports: NodePorts) {
    const { graph, clock, random, nextTurn } = ports
    this.config = config
    this.contributions = graph
    this.index = graph
    this.origins = graph.origins
    this.stubs = graph
    this.blobs = ports.blobs
    this.transport = ports.transport
    this.clock = clock
    this.random = random
    this.transfers = new TransferSlots({ clock, hosts: ports.transport.hosts })
    this.log = ports.log
    this.events = new EventHub({ clock, log: graph })
    this.health = new Health({ ...ports, events: this.events })
    this.#background = new Background(ports)
    this.#breath = nextTurn && new Breath({ now: () => clock.now(), nextTurn })
    this.signing = NodeSigning.of(ports, {
      origins: this.origins,
      closing: this.closing,
      later: (...task) => this.later(...task),
      moved: (metrics) => this.moved(metrics),
      breathe: () => this.breathe(),
      fault: (peer, error) => noteFailure(this, peer, error),
    })
    this.marks = new EvidenceMarks(this)
    this.access = new Access(ports, {
      current: config.self.peerId,
      former: (config.former?.rotations ?? []).map(({ from }) => from),
    })
    this.recounting = new Recounting({
      ...{ access: this.access, origins: this.origins, admission: config.admission, clock },
      later: (...task) => this.later(...task),
      moved: ({ metrics }) => this.moved(metrics),
    })
    this.peers = new PeerStore({ ...ports, hosts: ports.transport.hosts })
    this.nodeRecords = new NodeRecords(ports)
    this.seedWatch = new SeedWatch(config.seeds, ports.log)
    this.faultLog = new FaultLog(ports)
    this.advertisements = new AdvertisementVerifier(this)
    this.sync = new BackgroundSync(this, this.advertisements)
    const { hosts } = ports.transport
    const sampling = provenSampling(this, ports.secret)
    const gossip = { ...config, capabilities: CAPABILITIES, hosts, sampling }
    this.#gossip = new GossipState(gossip, random)
    this.#frontier = new FrontierFeed(this)
    this.hubs = new Hubs(this, { ...ports, onChange: () => this.leaf.check() })
    this.leaf = new LeafMode(this, () => renewRecord(this, CAPABILITIES))
    this.onDemand = new OnDemand(this)
    this.dialBacks = new DialBacks(clock)
    this.access.watch(() => endLines(this))
  }

  get gossip(): GossipView {
    return this.#gossip
  }

  get closing(): AbortSignal {
    return this.#background.closing
  }

  /**
   * Reads what is held and begins to gossip and to sync. `answer`: how calls are answered that come
   * on lines to hubs, where nobody can dial this grove. Default: it is not found out.
   */
  async start(answer?: AnswerCall): Promise<void> {
    await this.access.load()
    await this.hubs.load()
    renameSeeds(this)
    await this.peers.load()
    await this.recounting.start()
    const unaware = samplesProven(this.config) ? await rememberProven(this) : []
    await this.#frontier.begin()
    if (this.config.reachable) this.leaf.begin(answer, () => this.tell({ type: 'tick' }))
    this.signing?.signEarlier()
    this.hubs.begin(this.config.syncIntervalMs * this.random.next())
    this.spawn('own changes of key', () => this.hubs.showRotations(unaware))
    if (this.config.policy.scope !== 'off')
      this.#syncAfter(this.config.syncIntervalMs * this.random.next())
  }

  /**
   * Ends every wait and timer, then waits for what was under way: nothing is stored any more once
   * it resolves. The stores and the transport stay the caller's.
   */
  async close(): Promise<void> {
    await this.#background.close()
    this.health.close()
    await this.peers.close()
    await this.nodeRecords.close()
  }

  breathe(isBrief?: boolean): Promise<void> | undefined {
    return this.#breath?.breathe(isBrief)
  }

  spawn(name: string, task: () => Promise<unknown>): void {
    this.#background.spawn(name, task)
  }

  later(name: string, delayMs: number, task: () => Promise<unknown>): void {
    this.#background.later(name, delayMs, task)
  }

  isDue(name: string): boolean {
    return this.#background.isDue(name)
  }

  track<T>(work: Promise<T>): Promise<T> {
    return this.#background.track(work)
  }

  askable(): PeerAddress[] {
    const live = this.gossip.livePeers(this.clock.now())
    const known = new Set(live.map((peer) => peer.address))
    const others = this.seeds().filter(
      ({ address }) => !known.has(address) && this.gossip.peer(address)?.misnamed !== true,
    )
    return [...live, ...others]
  }

  seeds(): readonly PeerAddress[] {
    return [...this.config.seeds, ...this.hubs.seeds()]
  }

  tell(input: Input): void {
    if (this.closing.aborted) return
    for (const effect of this.#gossip.step(input, this.clock.now())) this.#carryOut(effect)
  }

  stored(contributions: readonly Contribution[]): void {
    if (this.closing.aborted) return
    const cids = contributions.map(({ cid }) => cid)
    this.tell({ type: 'held', cids })
    this.#verifyHeld(cids)
    this.#frontier.stored(contributions)
  }

  moved(metrics: readonly string[]): void {
    this.#frontier.moved(metrics)
  }

  /** A peer's gossip message came in, from this IP address; the answer to it. */
  exchange(message: GossipMessage, remote?: string): GossipMessage {
    const input = { type: 'exchange-received', message, remote } as const
    const effects = this.#gossip.step(input, this.clock.now())
    return this.leaf.told(this.#replyAmong(effects, 'reply-exchange').message)
  }

  /** A peer's shuffle came in, from this IP address; the answer to it. */
  shuffle(request: ShuffleRequest, remote?: string): ShuffleResponse {
    const input = { type: 'shuffle-received', request, remote } as const
    const effects = this.#gossip.step(input, this.clock.now())
    const { offered } = this.#replyAmong(effects, 'reply-shuffle').response
    return { offered: dialable(offered) }
  }

  /** A peer asks who is there; the answer, with this grove's record if it lacks that. */
  sample(request: SampleRequest): SampleAnswer {
    noteTwin(this, request.from, request.from)
    const input = { type: 'sample-received', request } as const
    const effects = this.#gossip.step(input, this.clock.now())
    const { peers } = this.#replyAmong(effects, 'reply-sample')
    const { own } = this.nodeRecords
    return {
      peers: dialable(peers),
      ...(own !== undefined && own.seq !== request.have && { record: own }),
    }
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
    if (reply === undefined) throw new Error(`gossip gave no ${type}`)
    return reply
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'send-exchange':
        this.spawn('exchange', () => exchangeWith(this, effect.peer, effect.message))
        break
      case 'send-shuffle':
        this.spawn('shuffle', () => shuffleWith(this, effect.peer, effect.request))
        break
      case 'send-sample':
        this.spawn('sample', () => sampleOf(this, effect.peer, effect.most))
        break
      case 'wake':
        this.later('tick', Math.max(0, effect.at - this.clock.now()), async () =>
          this.tell({ type: 'tick' }),
        )
        break
      case 'discovered':
        this.#discovered(effect.entries)
        break
      case 'heard':
        this.#verifyHeld(effect.entries.map(({ cid }) => cid))
        break
      case 'peer-status':
        if (effect.status === 'failed') this.nodeRecords.forget(effect.peer.peerId)
        this.log.info('peer status', { ...effect.peer, status: effect.status })
        this.events.publish({ type: 'peer', ...effect.peer, status: effect.status })
        break
      case 'wrong-id':
        this.spawn('check of an id', () => checkOtherId(this, effect.peer, effect.peerId))
        break
      case 'reply-sample':
      case 'reply-exchange':
      case 'reply-shuffle':
        throw new Error(`${effect.type} outside of its request`)
    }
  }

  #discovered(advertisements: readonly Advertisement[]): void {
    for (const { cid, metric, value, direction, from } of advertisements) {
      this.events.publish({ type: 'announced', cid, metric, value, direction, peerId: from.peerId })
    }
    if (this.config.policy.scope !== 'off') this.sync.noteAdvertised(advertisements)
  }

  #verifyHeld(cids: readonly Cid[]): void {
    this.spawn('verification of advertisements', () => this.advertisements.verifyHeld(cids))
  }

  #syncAfter(delayMs: number): void {
    this.later('round of sync', delayMs, async () => {
      this.#syncAfter(this.config.syncIntervalMs * (0.8 + 0.4 * this.random.next()))
      await this.sync.nextRound()
    })
  }
}
