import type { PeerAddress } from '../../core/peers/peer.ts'
import type { BlobRequest } from '../../ports/transport.ts'
import type { TransferProgress } from '../context.ts'

/** A blob to bring here. */
export interface WantedBlob extends Pick<BlobRequest, 'hash' | 'via'> {
  /** The name to show in progress. */
  readonly name?: string
  /** As a peer stated it. */
  readonly sizeBytes?: number | undefined
  /** More than this is refused with `too-large`. */
  readonly maxBytes?: number | undefined
}

export interface TransferOptions {
  readonly signal: AbortSignal
  /** Whether it is for nobody who waits for it. */
  readonly isUnasked?: boolean | undefined
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
  /** Told of bytes as they come, in vain or not, unless the caller joined a transfer. */
  readonly onMoved?: ((bytes: number) => void) | undefined
  /** Asked once for other providers, when the given ones don't suffice. */
  readonly more?: (() => Promise<readonly PeerAddress[]>) | undefined
}
