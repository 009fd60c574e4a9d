import type { Cid } from '../core/cid.ts'
import type { Attestation } from '../core/contribution/attestation.ts'
import type { Kind } from '../core/contribution/schema.ts'
import type { Hosts } from '../core/peers/hosts.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { ClosureRecord } from '../core/wire/closure.ts'
import type {
  AboutAnswer,
  AboutRequest,
  BestList,
  BestQuery,
  ClosureRequest,
  ClosureTrailer,
  OriginsAnswer,
  OriginsRequest,
  ToldMetrics,
} from '../core/wire/federation.ts'
import type {
  GossipMessage,
  SampleAnswer,
  SampleRequest,
  ShuffleRequest,
  ShuffleResponse,
} from '../core/wire/gossip.ts'
import type { GroveIdentity } from '../core/wire/identity.ts'

/** A manifest as a peer sent it, not verified, and the sizes of its artifacts. */
export interface ManifestAnswer {
  /** As they came from a federating peer; from a 0.1 server's JSON they are made canonical here. */
  readonly bytes: Uint8Array
  /** Sizes of artifacts that the peer holds, by hash; undefined if it doesn't say (0.1). */
  readonly sizes: ReadonlyMap<Cid, number> | undefined
  /** Who has signed it, as the peer says; none from a 0.1 server. */
  readonly attestations: readonly Attestation[]
}

/** Names a blob for a peer. */
export interface BlobRequest {
  readonly hash: Cid
  /** The artifact by which a 0.1 server knows the blob. */
  readonly via?: { readonly cid: Cid; readonly name: string }
  /** The first byte to send. A peer that starts elsewhere is at fault. */
  readonly offset?: number
}

/** A blob as a peer sends it, not verified. */
export interface BlobAnswer {
  /** Size of the whole blob, as the peer says. */
  readonly sizeBytes: number
  /**
   * The bytes from `offset` on. Throws `peer-fault` (cut off), `peer-too-slow` (below the minimum
   * rate), `peer-unreachable`.
   */
  readonly body: AsyncIterable<Uint8Array>
}

/** A peer's best list. */
export interface BestAnswer extends BestList {
  /** The peer gave no direction (0.1). This is the one that the order of its values suggests. */
  readonly directionGuessed?: boolean
  /** How many requests it took. Default: 1. */
  readonly requests?: number
}

/** A closure as a peer sends it, not verified. */
export interface ClosureAnswer {
  readonly records: AsyncIterable<ClosureRecord>
  /** Settles when `records` have been read to their end. */
  readonly trailer: Promise<ClosureTrailer>
}

/** Options of every request. */
export interface RequestOptions {
  readonly signal?: AbortSignal
}

/** What a peer answered in an exchange. */
export interface Exchanged {
  readonly message: GossipMessage
  /** Whether the key that the message names as its sender has signed it. */
  readonly isProven: boolean
}

/**
 * What a grove can ask of another. Answers are bounded and well formed, but not verified: the
 * caller has to do that. A peer that doesn't federate is asked by the routes of 0.1.
 *
 * All requests throw `absent`, `gone`, `refused`, `busy` (the peer said so), `peer-fault` (it broke
 * the protocol), `peer-unreachable`, `peer-too-slow`, `too-large` (the peer doesn't take or send so
 * much), `manifest-too-large`, `address-refused` (the operator's rules), `aborted` or the signal's
 * own reason.
 */
export interface Transport {
  /** The hosts behind addresses, as far as dialling has shown them. */
  readonly hosts: Hosts
  exchange(peer: PeerAddress, message: GossipMessage, options?: RequestOptions): Promise<Exchanged>
  shuffle(
    peer: PeerAddress,
    request: ShuffleRequest,
    options?: RequestOptions,
  ): Promise<ShuffleResponse>
  /** Who else is there, and whose key signed the answer. */
  sample(
    peer: PeerAddress,
    request: SampleRequest,
    options?: RequestOptions,
  ): Promise<{ readonly answer: SampleAnswer; readonly signedBy: string | undefined }>
  /** Who the peer says it is. */
  identity(peer: PeerAddress, options?: RequestOptions): Promise<GroveIdentity>
  manifest(peer: PeerAddress, cid: Cid, options?: RequestOptions): Promise<ManifestAnswer>
  /** True if the peer says that it holds the contribution. */
  holds(peer: PeerAddress, cid: Cid, options?: RequestOptions): Promise<boolean>
  blob(peer: PeerAddress, request: BlobRequest, options?: RequestOptions): Promise<BlobAnswer>
  /** The size of a blob in bytes, as the peer says. */
  sizeOf(peer: PeerAddress, request: BlobRequest, options?: RequestOptions): Promise<number>
  /** The names of the metrics in which the peer ranks anything: all of them, or a page. */
  metrics(
    peer: PeerAddress,
    options?: RequestOptions & { readonly kind?: Kind; readonly after?: string | undefined },
  ): Promise<ToldMetrics>
  best(peer: PeerAddress, query: BestQuery, options?: RequestOptions): Promise<BestAnswer>
  /** Nothing about any of them from a peer that doesn't know the question. */
  about(peer: PeerAddress, request: AboutRequest, options?: RequestOptions): Promise<AboutAnswer>
  /** Nothing from a peer that doesn't know the question. */
  origins(
    peer: PeerAddress,
    request: OriginsRequest,
    options?: RequestOptions,
  ): Promise<OriginsAnswer>
  closure(
    peer: PeerAddress,
    request: ClosureRequest,
    options?: RequestOptions,
  ): Promise<ClosureAnswer>
  /**
   * Throws `address-refused` if the operator's rules forbid to dial this address. It neither looks
   * a name up nor contacts anybody.
   */
  checkAddress(address: string): void
  close(): Promise<void>
}
