import type { Cid } from '../../core/cid.ts'
import type { GroveEvent } from '../../core/wire/events.ts'
import type { TransferProgress } from '../../node/context.ts'
import type { BlobInfo, ByteRange, ByteSource } from '../../ports/blob-store.ts'
import type { JsonOperation } from '../operations/operation.ts'
import { allOperations, type CallName, type InputOf, type OutputOf } from '../operations/table.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Called as a fetch receives artifacts. Only for a grove in this process. */
  readonly onTransfer?: (progress: TransferProgress) => void
  /** Publish also what contradicts what is published already; else that is a `metric-conflict`. */
  readonly insist?: boolean
}

/**
 * Bytes to upload. A function opens the source, again where the upload has to begin anew; a source
 * by itself is read once.
 */
export type UploadSource = ByteSource | (() => ByteSource)

/** The source, opened. */
export const sourceOf = (source: UploadSource): ByteSource =>
  typeof source === 'function' ? source() : source

/** A blob or a part of one; the caller reads the body or abandons it. */
export interface Download {
  readonly hash: Cid
  /** Size of the body: of the range if one was requested. */
  readonly sizeBytes: number
  readonly body: AsyncIterable<Uint8Array>
}

/** One method for each JSON operation of the table. */
type Calls = {
  readonly [N in CallName]: (input: InputOf<N>, options?: CallOptions) => Promise<OutputOf<N>>
}

export interface EventOptions {
  readonly signal: AbortSignal
  /** The `id` of an event: contributions stored since then come first. */
  readonly after?: string | undefined
}

/** The operations that carry bytes or events. */
interface Streams {
  /** A blob or a range of it. Throws `blob-missing`, `range-invalid`. */
  blob(input: { hash: Cid; range?: ByteRange }, options?: CallOptions): Promise<Download>
  /** Throws `not-found`, `blob-missing`. */
  artifact(input: { cid: Cid; name: string }, options?: CallOptions): Promise<Download>
  /** A file by its path, or a range of it. Throws `not-found`, `blob-missing`, `pack-invalid`. */
  file(
    input: { cid: Cid; path: string; range?: ByteRange },
    options?: CallOptions,
  ): Promise<Download>
  /** A manifest's canonical bytes. */
  manifest(input: { cid: Cid }, options?: CallOptions): Promise<Download>
  /**
   * Stores a blob, which contributions may then name as an artifact. Throws `hash-mismatch`,
   * `storage-full`.
   */
  uploadBlob(source: UploadSource, options?: CallOptions & { expect?: Cid }): Promise<BlobInfo>
  /**
   * What happens from now on, until the signal aborts or the grove closes. A stream that is cut is
   * resumed: every contribution comes exactly once.
   */
  events(options: EventOptions): AsyncIterable<GroveEvent>
  close(): Promise<void>
}

interface Reach {
  /**
   * Whether the grove is in this process, or was reached by the socket of its directory, and that
   * belongs to this user. Only then can be believed what it says of where work came from.
   */
  readonly isLocal: boolean
}

/**
 * A grove, over HTTP (`groveClient`) or in this process (`localClient`). All methods throw
 * GroveError.
 */
export type GroveApi = Calls & Streams & Reach

/** The methods for the JSON operations, each carried out by `call`. */
export function callsOf(
  call: (operation: JsonOperation, input: unknown, options: CallOptions) => Promise<unknown>,
): Calls {
  const rows = allOperations.filter((operation) => operation.kind === 'json')
  const methods = rows.map((operation) => [
    operation.name,
    (input: unknown, options: CallOptions = {}) => call(operation, input, options),
  ])
  return Object.fromEntries(methods) as Calls
}
