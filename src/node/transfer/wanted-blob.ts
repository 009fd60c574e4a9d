import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobRequest } from '../../ports/transport.ts'

/** A blob to bring here. */
export interface WantedBlob extends Pick<BlobRequest, 'hash' | 'via'> {
  /** The name to show in progress. */
  readonly name?: string
  /** As a peer stated it. */
  readonly sizeBytes?: number | undefined
  /** More than this is refused with `too-large`. */
  readonly maxBytes?: number | undefined
}

/** How much of a blob has arrived. */
export interface TransferProgress {
  readonly hash: Cid
  readonly name?: string
  readonly receivedBytes: number
  readonly sizeBytes: number | undefined
  readonly peerId: string
}

export interface TransferOptions {
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
  /** Asked once for other providers, when the given ones don't suffice. */
  readonly more?: (() => Promise<readonly PeerAddress[]>) | undefined
}
