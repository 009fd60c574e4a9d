import { UNTOLD_HOSTS } from '../../core/peers/hosts.ts'
import { addressOf, type PeerAddress } from '../../core/peers/peer.ts'
import type { NamedPeer, SampleAnswer, SampleRequest } from '../../core/wire/gossip.ts'
import type {
  Effect,
  ExchangeAnswered,
  GossipConfig,
  ProvenSampling,
  SampleAnswered,
} from '../messages.ts'
import type { RoundQuota } from '../round-quota.ts'
import { isFit, type ProvenPeer } from './book.ts'
import type { Membership } from './membership.ts'
import { Sampling } from './sampling.ts'

interface Parts {
  readonly config: GossipConfig
  readonly sampling: ProvenSampling
  readonly members: Membership
  readonly quota: RoundQuota
}

/** Sampling among proven peers, in the place of shuffles: it fills the view of the membership. */
export class ProvenPeers {
  readonly #sampling: Sampling
  readonly #members: Membership
  readonly #quota: RoundQuota
  readonly #operator: ProvenSampling

  constructor({ config, sampling, members, quota }: Parts) {
    const { hosts = UNTOLD_HOSTS } = config
    this.#operator = sampling
    this.#members = members
    this.#quota = quota
    this.#sampling = new Sampling({
      self: members.self,
      hosts,
      random: sampling.random,
      admits: (peer) => members.acquaintance.admits(peer),
      accepts: sampling.accepts,
    })
  }

  /** All proven peers. */
  get known(): readonly NamedPeer[] {
    return this.#sampling.proven()
  }

  /** Those that the operator trusts, and that answer; seeds are not among them. */
  trusted(): PeerAddress[] {
    const { isTrusted } = this.#operator
    if (isTrusted === undefined) return []
    const isOne = (peer: ProvenPeer) =>
      isFit(peer) && isTrusted(peer) && !this.#members.isSeed(peer)
    return this.#sampling.proven().filter(isOne).map(addressOf)
  }

  checkInvariants(): void {
    this.#sampling.checkInvariants()
  }

  /** Begins a round, which exchanges with these. */
  begin(exchanged: readonly PeerAddress[], now: number): Effect[] {
    const round = this.#sampling.beginRound(this.#members.seeds(), exchanged)
    const { calls, probes, failed } = round
    const effects = failed.map((peer): Effect => ({ type: 'peer-status', peer, status: 'failed' }))
    return [...effects, ...this.#calling(calls, now), ...this.#calling(probes, now, 0)]
  }

  /** The answer to a caller that asks who is there. */
  reply({ from, most }: SampleRequest, now: number): Effect[] {
    const peers = this.#sampling.offer(from, most)
    return [{ type: 'reply-sample', peers }, ...this.heard(from, now)]
  }

  /** A peer has called: it is called back, if the lot falls on it. */
  heard(caller: NamedPeer, now: number): Effect[] {
    return this.#calling(this.#sampling.heard(caller), now)
  }

  /** A peer answered an exchange. */
  exchanged({ peer, message, isProven }: ExchangeAnswered, now: number): Effect[] {
    if (isProven !== true) return []
    return this.#proved({ peerId: message.peerId, address: peer.address, seq: 0 }, now)
  }

  /** A peer answered who is there, under this key. */
  sampled(
    { peer, answer, proven, seq }: SampleAnswered & { readonly proven: string },
    now: number,
  ): Effect[] {
    if (proven !== peer.peerId) this.#sampling.missed(peer)
    const from = { peerId: proven, address: peer.address, seq }
    return [...this.#proved(from, now), ...this.#learn(from, answer, now)]
  }

  /** A call to this peer was in vain. */
  missed(peer: PeerAddress, now: number): Effect[] {
    return this.#calling(this.#sampling.missed(peer), now)
  }

  forget(peerId: string): void {
    this.#sampling.forget(peerId)
  }

  remember(peers: readonly NamedPeer[]): void {
    this.#sampling.remember(peers)
  }

  /** Makes the view of the membership that of the sampling. */
  seat(now: number): void {
    this.#members.seat(this.#sampling.view(), now)
  }

  #proved(peer: NamedPeer, now: number): Effect[] {
    const { peerId, address } = peer
    if (this.#members.isMisnamed(peer)) return []
    this.#members.calls.noteAnswer(address, now)
    const isTold = !this.#members.isUnnamed(peer)
    const proof = this.#sampling.proved(peer)
    if (proof === undefined) return []
    const status = proof === 'new' ? 'alive' : proof
    const told: Effect = { type: 'peer-status', peer: { peerId, address }, status }
    // A seed tells at once who else is there.
    const asked = this.#members.isSeed(peer) ? [addressOf(peer)] : []
    return [...(isTold ? [] : [told]), ...this.#calling(asked, now)]
  }

  #learn(peer: PeerAddress, { peers }: SampleAnswer, now: number): Effect[] {
    const { peerId, address } = this.#members.self
    const twin = peers.find((one) => one.peerId === peerId && one.address !== address)
    const isAsked = twin !== undefined && this.#quota.tryTakeTwin()
    const calls = this.#sampling.learn(peer.peerId, peers)
    return this.#calling([...calls, ...(isAsked ? [addressOf(twin)] : [])], now)
  }

  /** An address that has not answered yet gets one small message in a while. */
  #calling(peers: readonly PeerAddress[], now: number, most = this.#sampling.wanted): Effect[] {
    return peers
      .filter((peer) => this.#members.calls.tryTake(peer, now))
      .map((peer) => ({ type: 'send-sample', peer, most }))
  }
}
