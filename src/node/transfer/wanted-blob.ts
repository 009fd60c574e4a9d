import type { Cid } from '../../core/cid.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobRequest } from '../../ports/transport.ts'

/** A blob to bring here. */
export interface WantedBlob extends Pick<BlobRequest, 'hash' | 'via'> {
  /** The name to show in progress. */
  readonly name?: string
  /** What a peer said that it measures; another size is then a contradiction. */
  readonly sizeBytes?: number | undefined
  /** No more than this is taken. Throws `too-large`. */
  readonly maxBytes?: number | undefined
}

/** How far a blob has come. */
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
  /** Asked once for other providers, when those that were given don't do. */
  readonly more?: (() => Promise<readonly PeerAddress[]>) | undefined
}
