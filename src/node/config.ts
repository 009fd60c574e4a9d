import type { Rotation } from '../core/identity/rotation.ts'
import type { AdmissionMode } from '../core/peers/admission.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Policy } from '../core/policy.ts'

/** By which ids others may still know a grove. */
export interface FormerIds {
  /** The id that it had before groves had keys. */
  readonly formerly?: string
  /** Its changes of key, oldest first. */
  readonly rotations: readonly Rotation[]
}

/** How a grove behaves; `src/config.ts` fills in the defaults. Times in ms. */
export interface NodeConfig {
  readonly self: PeerAddress
  /** Default: none. */
  readonly former?: FormerIds
  /**
   * Whether other groves can reach this one. Otherwise it asks and fetches, and does not gossip.
   */
  readonly reachable: boolean
  readonly seeds: readonly PeerAddress[]
  /** Whether hubs call it on lines that it holds, though others may be able to dial it. */
  readonly leaf?: boolean
  /** Whether requests for an address may be signed to this grove. Default: it is not known. */
  readonly isOwnAddress?: (address: string) => boolean
  /** Which groves may call this one. Default: all. */
  readonly admission?: AdmissionMode
  /** Until when the certificate is good by which it speaks https, in Unix ms. */
  readonly certificateUntil?: number
  readonly gossipIntervalMs: number
  readonly syncIntervalMs: number
  readonly policy: Policy
  readonly fetchTimeoutMs: number
}

/** What a grove tells of itself. */
export type OwnConfig = Pick<
  NodeConfig,
  'self' | 'former' | 'reachable' | 'admission' | 'certificateUntil'
>
