import type { Cid } from '../core/cid.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { ClosureRecord } from '../core/wire/closure.ts'
import type {
  BestList,
  BestQuery,
  ClosureRequest,
  ClosureTrailer,
} from '../core/wire/federation.ts'
import type { GossipMessage, ShuffleRequest, ShuffleResponse } from '../core/wire/gossip.ts'

/** A manifest as a peer sent it, not yet verified, and what it says of the artifacts. */
export interface ManifestAnswer {
  /** Canonical bytes from a federating peer, re-canonicalised ones from a 0.1 server. */
  readonly bytes: Uint8Array
  /** Sizes of the artifacts that the peer holds, by hash; undefined where it doesn't say (0.1). */
  readonly sizes: ReadonlyMap<Cid, number> | undefined
}

/** How to ask for a blob: by its hash, and for 0.1 peers by the contribution and name under which they have it. */
export interface BlobRequest {
  readonly hash: Cid
  readonly via?: { readonly cid: Cid; readonly name: string }
  /** First byte wanted. The answer then starts there or the peer is at fault. */
  readonly offset?: number
}

export interface BlobAnswer {
  /** Size of the whole blob; undefined where the peer did not say. */
  readonly sizeBytes: number | undefined
  /** From `offset` on. Ends early with `peer-fault` (cut off), `peer-too-slow` (under the minimum rate), `peer-unreachable`. */
  readonly body: AsyncIterable<Uint8Array>
}

/** A peer's best in one dimension. */
export interface BestAnswer extends BestList {
  /** The peer did not say the direction (0.1): it is what the order of its values suggests. */
  readonly directionGuessed?: boolean
  /** Requests that it took; one where that is left out. */
  readonly requests?: number
}

/** A contribution's surroundings, not yet verified; `trailer` settles when the stream has ended. */
export interface ClosureAnswer {
  readonly records: AsyncIterable<ClosureRecord>
  readonly trailer: Promise<ClosureTrailer>
}

export interface RequestOptions {
  readonly signal?: AbortSignal
}

/**
 * What a grove can ask of another. Answers are bounded and well formed but not verified: that is the caller's.
 * Towards a peer that doesn't federate it falls back to the 0.1 routes by itself.
 * All throw: `absent`, `gone`, `refused`, `busy` (what the peer said), `peer-fault` (it broke the protocol),
 * `peer-unreachable`, `peer-too-slow`, `too-large` (the peer won't take or send so much), `manifest-too-large`,
 * `address-refused` (the guard), `aborted` or the signal's own reason.
 */
export interface Transport {
  exchange(
    peer: PeerAddress,
    message: GossipMessage,
    options?: RequestOptions,
  ): Promise<GossipMessage>
  shuffle(
    peer: PeerAddress,
    request: ShuffleRequest,
    options?: RequestOptions,
  ): Promise<ShuffleResponse>
  manifest(peer: PeerAddress, cid: Cid, options?: RequestOptions): Promise<ManifestAnswer>
  /** Whether the peer says that it holds the contribution. */
  holds(peer: PeerAddress, cid: Cid, options?: RequestOptions): Promise<boolean>
  blob(peer: PeerAddress, request: BlobRequest, options?: RequestOptions): Promise<BlobAnswer>
  /** How large the peer says that a blob is, in bytes. */
  sizeOf(peer: PeerAddress, request: BlobRequest, options?: RequestOptions): Promise<number>
  /** The metrics in which the peer ranks anything. */
  metrics(peer: PeerAddress, options?: RequestOptions): Promise<string[]>
  best(peer: PeerAddress, query: BestQuery, options?: RequestOptions): Promise<BestAnswer>
  closure(
    peer: PeerAddress,
    request: ClosureRequest,
    options?: RequestOptions,
  ): Promise<ClosureAnswer>
  /** Throws `address-refused` where the operator's rules forbid to talk to that address. No look-up, no contact. */
  checkAddress(address: string): void
  close(): Promise<void>
}
