import type { Cid } from '../core/cid.ts'
import type { Attestation } from '../core/contribution/attestation.ts'
import type { Kind } from '../core/contribution/schema.ts'
import type { KeyId } from '../core/identity/ed25519.ts'
import type { Rotation } from '../core/identity/rotation.ts'
import type { Hosts } from '../core/peers/hosts.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { AlongRequest, ClosureRecord } from '../core/wire/closure.ts'
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
import type { JoinAnswer, JoinRequest, MembersAnswer } from '../core/wire/join.ts'
import type { LeafCall, LeafHead } from '../core/wire/leaf.ts'

/** A manifest as a peer sent it, not verified, and the sizes of its artifacts. */
export interface ManifestAnswer {
  /** As they came from a federating peer; from a 0.1 server's JSON they are made canonical here. */
  readonly bytes: Uint8Array
  /** Sizes of artifacts that the peer holds, by hash; undefined if it doesn't say (0.1). */
  readonly sizes: ReadonlyMap<Cid, number> | undefined
  /** Who has signed it, as the peer says; none from a 0.1 server. */
  readonly attestations: readonly Attestation[]
  /** What came with it. Undefined from a peer that doesn't send such, or wasn't asked to. */
  readonly along?: Along | undefined
}

/** What came in one answer with a manifest, not verified. */
export interface Along {
  readonly artifacts: readonly Uint8Array[]
  /** Left out where it is too long to come along. */
  readonly closure?: {
    readonly records: readonly ClosureRecord[]
    readonly trailer: ClosureTrailer
  }
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

/** The answer of a leaf to a call. */
export interface LeafAnswer extends LeafHead {
  readonly body: AsyncIterable<Uint8Array>
}

/** What a leaf reads its calls from. */
export interface LeafLine {
  /** The next call; `silence` if none comes within that time; undefined at the end of the line. */
  next(withinMs: number): Promise<LeafCall | 'silence' | undefined>
  close(): void
}

/** The groves that nobody can dial, and that hold a line to this one. */
export interface Leaves {
  connected(): PeerAddress[]
  has(peerId: KeyId): boolean
  /** Throws `busy` where there are too many. */
  open(leaf: { readonly peerId: KeyId; readonly remote?: string | undefined }): LeafLine
  /** Whether a call with this id waits for an answer of the leaf. */
  expects(by: KeyId, id: string): boolean
  /** Resolves when the body is read, or not wanted any more. Throws `unwanted` before it is. */
  answer(by: KeyId, id: string, answer: LeafAnswer): Promise<void>
  /** Ends the lines of leaves that are not to have one. */
  endOf(isOver: (peerId: KeyId) => boolean): void
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
  /** These keys signed what they answered at these addresses before this grove was started. */
  expectSigned(peers: readonly PeerAddress[]): void
  /**
   * Somebody of this machine named this address, or an invite did: its name waits for no
   * stranger's to be looked up.
   */
  expectNamed(address: string): void
  /** Who the peer says it is. */
  identity(peer: PeerAddress, options?: RequestOptions): Promise<GroveIdentity>
  /** Undefined where this grove has no key: then nobody can prove to be a leaf. */
  readonly leaves: Leaves | undefined
  /** Whether the peer reached this grove at that address; undefined where it can't say. */
  dialBack(
    peer: PeerAddress,
    address: string,
    options?: RequestOptions,
  ): Promise<boolean | undefined>
  /**
   * Whether the grove with the id of the peer answers at its address, for one that calls from
   * `remote`; undefined where something answers, and doesn't say who it is. Throws nothing else
   * than `aborted`.
   */
  reaches(
    peer: PeerAddress,
    remote: string | undefined,
    options?: RequestOptions,
  ): Promise<boolean | undefined>
  /** A line to the peer, on which its calls come until one of both ends it. */
  line(peer: PeerAddress, options?: RequestOptions): Promise<AsyncIterable<LeafCall>>
  /** Answers a call of the peer's. */
  answerCall(
    peer: PeerAddress,
    id: string,
    answer: LeafAnswer,
    options?: RequestOptions,
  ): Promise<void>
  /** Joins the peer by an invite of its. */
  join(peer: PeerAddress, request: JoinRequest, options?: RequestOptions): Promise<JoinAnswer>
  /** Has the peer take this grove off its list of members. */
  leave(peer: PeerAddress, options?: RequestOptions): Promise<void>
  /** Shows the peer how this grove's key has changed. Whether it knew an earlier one. */
  rotated(
    peer: PeerAddress,
    rotations: readonly Rotation[],
    options?: RequestOptions,
  ): Promise<boolean>
  /** The peer's list of members, if its number is above that one. */
  members(peer: PeerAddress, after: number, options?: RequestOptions): Promise<MembersAnswer>
  manifest(
    peer: PeerAddress,
    cid: Cid,
    options?: RequestOptions & { readonly along?: AlongRequest | undefined },
  ): Promise<ManifestAnswer>
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
