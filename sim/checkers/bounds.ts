import {
  DIGEST_MAX_ENTRIES,
  FEDERATED_MAX,
  FEDERATED_MAX_PER_METRIC,
  GOSSIP_MAX_BYTES,
  PROVIDERS_MAX,
  SHUFFLE_MAX_PEERS,
  TRANSFERS_MAX,
  TRANSFERS_MAX_ASKED_PER_HOST,
  TRANSFERS_MAX_PER_HOST,
} from '../../src/core/limits.ts'
import { demandsKeys } from '../../src/core/peers/admission.ts'
import type { GroveNode } from '../../src/node/node.ts'
import type { CarriedRequest } from '../../src/transport/dialler.ts'
import type { Timeline } from '../engine/timeline.ts'
import { ipOf } from '../network/hosts.ts'
import type { Host } from '../network/http.ts'
import type { Client, Watcher } from '../network/network.ts'

/** Active peers, as anybody or as proven ones. BEHAVIOUR.md#membership. */
const ACTIVE_MAX = 10
const PROVEN_ACTIVE_MAX = 12
/** Retained peers that are no seeds. */
const RETAINED_MAX = 64
/** Peers that an honest grove offers in one shuffle. */
const SHUFFLE_SIZE = 5

/** The limits that a grove's gossip state exceeds, and the invariants that it breaks. */
export function exceededLimits(node: GroveNode): string[] {
  const { gossip, clock, config } = node
  const name = config.self.peerId
  const found: string[] = []
  const limit = (what: string, size: number, most: number) => {
    if (size > most) found.push(`${name} has ${size} ${what}, ${most} is the most`)
  }
  const peers = gossip.peers()
  const retained = peers.filter((peer) => !peer.active && !peer.seed)
  const activeMax = demandsKeys(config.admission) ? PROVEN_ACTIVE_MAX : ACTIVE_MAX
  limit('active peers', peers.filter((peer) => peer.active).length, activeMax)
  limit('retained peers', retained.length, RETAINED_MAX)
  const addresses = peers.map(({ address }) => address)
  limit('names for one address', addresses.length - new Set(addresses).size, 0)
  const guests = peers.filter((peer) => peer.active && !peer.seed).map(({ address }) => address)
  limit('places for one host', guests.length - new Set(guests.map(ipOf)).size, 0)
  const federated = gossip.federated(clock.now())
  limit('advertisements', federated.length, FEDERATED_MAX)
  const perMetric = new Map<string, number>()
  for (const { metric, advertisements } of federated) {
    perMetric.set(metric, (perMetric.get(metric) ?? 0) + 1)
    limit('providers of one item', advertisements.length, PROVIDERS_MAX)
  }
  for (const [metric, size] of perMetric)
    limit(`advertisements in ${metric.slice(0, 20)}`, size, FEDERATED_MAX_PER_METRIC)
  return [...found, ...brokenInvariants(node)]
}

function brokenInvariants({ gossip, config }: GroveNode): string[] {
  try {
    gossip.checkInvariants()
    return []
  } catch (error) {
    return [`${config.self.peerId}: ${String(error)}`]
  }
}

/** Transfers from one host: its share, and what was asked for beside it. */
const PER_HOST_MAX = TRANSFERS_MAX_PER_HOST + TRANSFERS_MAX_ASKED_PER_HOST

/** Watches what honest groves send, and how many transfers they have under way. */
export class TrafficWatch implements Watcher {
  readonly #timeline: Timeline
  readonly #violated: (what: string) => void
  /** When a grove last sent gossip, in virtual ms. */
  readonly #spokeAt = new Map<string, number>()
  /** When a grove was last seen to know nobody. */
  readonly #aloneAt = new Map<string, number>()
  readonly #transfers = new Map<string, Map<string, number>>()

  constructor(timeline: Timeline, violated: (what: string) => void) {
    this.#timeline = timeline
    this.#violated = violated
  }

  requested({ name }: Client, { path, body = '' }: CarriedRequest): void {
    if (path === '/api/gossip/exchange') this.#spokeAt.set(name, this.#timeline.now)
    if (!path.startsWith('/api/')) this.#violated(`${name} follows a path to ${path}`)
    if (body === '') return
    const size = Buffer.byteLength(body)
    if (size > GOSSIP_MAX_BYTES) this.#violated(`${name} sends ${size} bytes to ${path}`)
    const { frontier = [], offered = [] } = JSON.parse(body) as {
      frontier?: unknown[]
      offered?: unknown[]
    }
    if (frontier.length > DIGEST_MAX_ENTRIES)
      this.#violated(`${name} sends a digest of ${frontier.length}`)
    if (offered.length > Math.min(SHUFFLE_SIZE, SHUFFLE_MAX_PEERS))
      this.#violated(`${name} offers ${offered.length} peers`)
  }

  serverFailed({ name, honest }: Host, error: unknown): void {
    if (honest)
      this.#violated(
        `${name} fails to answer: ${error instanceof Error ? error.stack : String(error)}`,
      )
  }

  transferBegun({ name }: Client, address: string): void {
    const byHost = this.#transfers.get(name) ?? new Map<string, number>()
    const host = ipOf(address)
    const count = (byHost.get(host) ?? 0) + 1
    this.#transfers.set(name, byHost.set(host, count))
    const all = [...byHost.values()].reduce((sum, each) => sum + each, 0)
    if (count > PER_HOST_MAX)
      this.#violated(`${name} has more than ${PER_HOST_MAX} transfers from ${host}`)
    if (all > TRANSFERS_MAX) this.#violated(`${name} has ${all} transfers under way`)
  }

  transferEnded({ name }: Client, address: string): void {
    const byHost = this.#transfers.get(name)
    const host = ipOf(address)
    byHost?.set(host, (byHost.get(host) ?? 1) - 1)
  }

  /**
   * For how long that grove has sent no gossip though it knew somebody, in virtual ms; 0 if it has
   * not sent any since it started. To be asked at every check, for who knows nobody is remembered.
   */
  silentMs(name: string, knowsSomebody: boolean): number {
    const { now } = this.#timeline
    if (!knowsSomebody) this.#aloneAt.set(name, now)
    return now - Math.max(this.#spokeAt.get(name) ?? now, this.#aloneAt.get(name) ?? 0)
  }

  /** Forgets a machine whose process has ended, and its transfers with it. */
  forget(name: string): void {
    this.#transfers.delete(name)
    this.#spokeAt.delete(name)
    this.#aloneAt.delete(name)
  }
}
