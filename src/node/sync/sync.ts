import { mapBounded } from '../../concurrency/semaphore.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import { considers, type Policy } from '../../core/policy.ts'
import { sample } from '../../core/random.ts'
import type { Advertisement } from '../../core/ranking/advertisement.ts'
import type { SyncReport } from '../../core/wire/federation.ts'
import type { NodeContext } from '../context.ts'
import { unique } from '../peers/providers.ts'
import { refreshEvidence } from './evidence.ts'
import { advertisedOffers, heldPlaces, offersOf } from './offers.ts'
import { Round } from './round.ts'
import { RoundBudget } from './round-budget.ts'

/** Peers of one round. */
const PEERS_A_ROUND = 3
/** Peers of one round of a grove that takes no part in gossip: its seeds are all it knows. */
const SEEDS_A_ROUND = 16
/** The share of a round's requests that may go into lists, evenly for each peer: many metrics of one crowd out nobody. */
const LISTS_SHARE = 1 / 4
/** Peers less trusted than this are asked of their own accord only where there are too few others. An unknown one has 0.5. */
const DOUBTFUL = 0.4

export interface RoundOptions {
  readonly signal?: AbortSignal
  /** Asked instead of peers by chance. */
  readonly peers?: readonly PeerAddress[]
}

/**
 * One round of background sync (PROTOCOL.md §6, step 2): asks a few peers for their best lists, adds what gossip claims, fetches what the
 * policy wants, best first, within the round's budget, and retries some stubs. A round under way is joined.
 */
export function syncRound(node: NodeContext, options: RoundOptions = {}): Promise<SyncReport> {
  const signal =
    options.signal === undefined ? node.closing : AbortSignal.any([options.signal, node.closing])
  const key = (options.peers ?? []).map((peer) => peer.address).join(' ')
  return node.rounds.run(key, (flight) => wholeRound(node, options.peers, flight), signal)
}

/** Keeps what peers advertise, which is fetched in a moment, if the policy wants it. */
export function discovered(node: NodeContext, advertisements: readonly Advertisement[]): void {
  for (const { cid, from } of advertisements) node.peers.absences.forget(from.address, cid)
  const wanted = advertisements.filter(({ metric }) => considers(node.config.policy, metric))
  if (wanted.length === 0 || !node.sync.noteAdvertised(wanted)) return
  const { announcedGap } = node.sync
  node.clock.after(announcedGap.delayMs(node.clock.now()), () => {
    announcedGap.start(node.clock.now())
    announcedRound(node).catch((error: unknown) => {
      if (!node.closing.aborted)
        node.log.error('announced work not fetched', { error: String(error) })
    })
  })
}

async function wholeRound(
  node: NodeContext,
  chosen: readonly PeerAddress[] | undefined,
  signal: AbortSignal,
): Promise<SyncReport> {
  const budget = new RoundBudget(node.config.policy)
  const round = new Round(node, budget, signal)
  const peers = chosen ?? choosePeers(node)
  const policy: Policy = { ...node.config.policy, scope: 'frontier' }
  const most = Math.ceil((budget.requests.most * LISTS_SHARE) / Math.max(1, peers.length))
  const offers = await mapBounded(peers, PEERS_A_ROUND, async (peer) => {
    const requests = { made: 0, most }
    const offered = await offersOf(node, peer, policy, { signal, requests })
    budget.requests.made += requests.made
    return offered
  })
  await refreshEvidence(node, offers.flat(), { signal, budget })
  await round.fetchWanted({
    offers: [...offers.flat(), ...advertisedOffers(node)],
    local: await heldPlaces(node, policy),
    policy,
  })
  await round.retryStubs()
  const report = round.report(peers.length)
  node.sync.lastReport = report
  return report
}

async function announcedRound(node: NodeContext): Promise<void> {
  const leave = await node.sync.announcedRounds.enter(node.closing)
  try {
    const announced = node.sync.takeAdvertised()
    const only = new Set(announced.map(({ cid }) => cid))
    const metrics = new Set(announced.map(({ metric }) => metric))
    const { policy, syncIntervalMs: intervalMs } = node.config
    const budget = node.sync.announcedBudget(policy, { now: node.clock.now(), intervalMs })
    const round = new Round(node, budget, node.closing)
    await round.fetchWanted({
      offers: [...announced, ...advertisedOffers(node, metrics)],
      local: await heldPlaces(node, policy),
      policy,
      only,
    })
    round.report(0)
  } finally {
    leave()
  }
}

/** Some of those that are trusted, by chance; of the others only as many as are needed. */
function choosePeers(node: NodeContext): PeerAddress[] {
  const [trusted, doubtful] = [true, false].map((isTrusted) =>
    unique(node, node.askable()).filter(
      ({ address }) => node.peers.trust(address) >= DOUBTFUL === isTrusted,
    ),
  ) as [PeerAddress[], PeerAddress[]]
  const live = [
    ...sample(node.random, trusted, PEERS_A_ROUND),
    ...node.peers.order(doubtful),
  ].slice(0, PEERS_A_ROUND)
  if (node.config.reachable) return live
  return unique(node, [...node.config.seeds, ...live]).slice(0, SEEDS_A_ROUND)
}
