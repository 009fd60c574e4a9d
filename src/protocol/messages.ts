import type { Cid } from '../core/cid.ts'
import type { Hosts } from '../core/peers/hosts.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Random } from '../core/random.ts'
import type { Advertisement } from '../core/ranking/advertisement.ts'
import type { LocalEntry } from '../core/ranking/frontier.ts'
import type {
  Capabilities,
  DigestEntry,
  GossipMessage,
  LivenessStatus,
  NamedPeer,
  PeerInfo,
  SampleAnswer,
  SampleRequest,
  ShuffleRequest,
  ShuffleResponse,
} from '../core/wire/gossip.ts'

export interface GossipConfig {
  readonly self: PeerAddress
  /** Never forgotten, whatever shuffles bring. */
  readonly seeds: readonly PeerAddress[]
  /** Default: `UNTOLD_HOSTS`. */
  readonly hosts?: Hosts
  readonly capabilities: Capabilities
  /** Mean time between exchanges; each wait is within ± 20 % of it. */
  readonly gossipIntervalMs: number
  /** False: new work spreads by the periodic exchange alone. True where left out. */
  readonly announcements?: boolean
  /** Chooses peers among those that are proven. Default: by shuffles, as all versions do. */
  readonly sampling?: ProvenSampling | undefined
}

/** What sampling among proven peers needs. */
export interface ProvenSampling {
  /** Numbers that nobody else can foresee. */
  readonly random: Random
  /** Whether a peer may take part. */
  readonly accepts: (peer: PeerAddress) => boolean
  /** Whether the operator trusts a peer: such share the seeds' place in rounds. Default: none. */
  readonly isTrusted?: (peer: PeerAddress) => boolean
}

/**
 * What happens to the gossip state. Whatever comes from a peer is parsed and bounded, but not
 * verified. `remote` is the IP address that a message came from, if it came from one.
 */
export type Input =
  /** A moment that a `wake` effect asked for has come (or any later one). */
  | { readonly type: 'tick' }
  | FrontierInput
  | {
      readonly type: 'exchange-received'
      readonly message: GossipMessage
      readonly remote?: string | undefined
    }
  | {
      readonly type: 'exchange-answered'
      readonly peer: PeerAddress
      readonly message: GossipMessage
      /** Whether the key that it names as its sender has signed it. Default: it has not. */
      readonly isProven?: boolean
    }
  | {
      readonly type: 'shuffle-received'
      readonly request: ShuffleRequest
      readonly remote?: string | undefined
    }
  | {
      readonly type: 'shuffle-answered'
      readonly peer: PeerAddress
      readonly response: ShuffleResponse
    }
  | { readonly type: 'sample-received'; readonly request: SampleRequest }
  | {
      readonly type: 'sample-answered'
      readonly peer: PeerAddress
      readonly answer: SampleAnswer
      /** The id under whose key the answer was signed; undefined where it was not. */
      readonly proven: string | undefined
      /** The number of the record that is held of that key. */
      readonly seq: number
    }
  /** These peers were proven before this grove was started. */
  | { readonly type: 'peers-remembered'; readonly peers: readonly NamedPeer[] }
  /** This key has been given up for another, or is not to be known any more. */
  | { readonly type: 'key-retired'; readonly peerId: string }
  /** A peer did not answer, or not as the protocol says. */
  | { readonly type: 'contact-failed'; readonly peer: PeerAddress }
  /** A peer answered a request other than gossip. */
  | { readonly type: 'contact-made'; readonly peer: PeerAddress }
  /** These items are held and verified here now. */
  | { readonly type: 'held'; readonly cids: readonly Cid[] }
  /**
   * The manifest contradicts what was advertised in this peer's name. Where that was
   * unauthenticated, it may be another's word, and the peer may advertise the item again.
   */
  | {
      readonly type: 'advertisement-contradicted'
      readonly peerId: string
      readonly cid: Cid
      readonly unauthenticated?: boolean
    }
  | { readonly type: 'seed-added'; readonly peer: PeerAddress }
  /** The grove at this address is no seed any longer, and forgotten. */
  | { readonly type: 'seed-removed'; readonly address: string }
  /** The seed at this address has this id now, whatever the operator wrote. */
  | { readonly type: 'seed-renamed'; readonly peer: PeerAddress }

/** A peer answered an exchange. */
export type ExchangeAnswered = Extract<Input, { readonly type: 'exchange-answered' }>
/** A peer answered who is there. */
export type SampleAnswered = Extract<Input, { readonly type: 'sample-answered' }>

/** What the local frontier is now: places, each dimension best first. */
export interface FrontierInput {
  readonly type: 'frontier'
  readonly entries: readonly LocalEntry[]
  /** The metrics and signals whose places these are; others stay as they are. Default: all. */
  readonly metrics?: readonly string[]
  /** False where they were here before: then they are not announced. */
  readonly isNews?: false
}

/**
 * What the gossip state wants done. The caller carries effects out in order, and reports back with
 * inputs.
 */
export type Effect =
  | { readonly type: 'send-exchange'; readonly peer: PeerAddress; readonly message: GossipMessage }
  | { readonly type: 'send-shuffle'; readonly peer: PeerAddress; readonly request: ShuffleRequest }
  /** Ask this peer who is there, and learn by the answer whether it is. */
  | { readonly type: 'send-sample'; readonly peer: PeerAddress; readonly most: number }
  /** The answer to the `…-received` input of this very step. */
  | { readonly type: 'reply-exchange'; readonly message: GossipMessage }
  | { readonly type: 'reply-shuffle'; readonly response: ShuffleResponse }
  | { readonly type: 'reply-sample'; readonly peers: NamedPeer[] }
  /** Call again with `tick` at this moment (Unix ms). Replaces the wake before it. */
  | { readonly type: 'wake'; readonly at: number }
  /** Peers advertise items that are not held here, and that are new or have moved. */
  | { readonly type: 'discovered'; readonly entries: readonly Advertisement[] }
  /** A digest was merged: its entries about held items can be compared with the manifests. */
  | { readonly type: 'heard'; readonly entries: readonly DigestEntry[] }
  /** Another id than the operator wrote answered at a seed's address. */
  | { readonly type: 'wrong-id'; readonly peer: PeerAddress; readonly peerId: string }
  | {
      readonly type: 'peer-status'
      readonly peer: PeerAddress
      readonly status: LivenessStatus | 'recovered'
    }

/** A peer and how it has been answering. */
export interface PeerView extends PeerInfo {
  readonly status: LivenessStatus
  readonly seed: boolean
  /** Whether it has answered at this address. */
  readonly answered: boolean
  /** Whether another id than the operator wrote answered there last. */
  readonly misnamed: boolean
  /** Whether it is in the partial view now; seeds and failed peers are remembered outside it. */
  readonly active: boolean
  readonly capabilities: Capabilities
  /** Unix ms of the last direct contact; undefined where there was none. */
  readonly lastContact: number | undefined
}
