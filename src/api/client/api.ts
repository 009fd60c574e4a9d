import type { Cid } from '../../core/cid.ts'
import type { GroveEvent } from '../../core/wire/events.ts'
import type { TransferProgress } from '../../node/transfer/transfer.ts'
import type { BlobInfo, ByteRange, ByteSource } from '../../ports/blob-store.ts'
import type { JsonOperation } from '../operations/operation.ts'
import { allOperations, type CallName, type InputOf, type OutputOf } from '../operations/table.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  /** Follows the artifacts that a fetch brings; only where the grove is in this process. */
  readonly onTransfer?: (progress: TransferProgress) => void
}

/** Bytes on their way to the caller, who reads or abandons them. */
export interface Download {
  readonly hash: Cid
  /** Bytes that come: of the range, where one was asked for. */
  readonly sizeBytes: number
  readonly body: AsyncIterable<Uint8Array>
}

/** One method for each operation of the table that takes and answers JSON. */
type Calls = {
  readonly [N in CallName]: (input: InputOf<N>, options?: CallOptions) => Promise<OutputOf<N>>
}

export interface EventOptions {
  readonly signal: AbortSignal
  /** The `id` of an event. */
  readonly after?: string | undefined
}

/** The operations that carry bytes or go on. */
interface Streams {
  /** The blob of that hash, or a range of it. Throws `blob-missing`, `range-invalid`. */
  blob(input: { hash: Cid; range?: ByteRange }, options?: CallOptions): Promise<Download>
  /** Throws `not-found`, `blob-missing`. */
  artifact(input: { cid: Cid; name: string }, options?: CallOptions): Promise<Download>
  /** A manifest's canonical bytes. */
  manifest(input: { cid: Cid }, options?: CallOptions): Promise<Download>
  /** Stores bytes, so that a contribution may name them as an artifact. Throws `hash-mismatch`, `storage-full`. */
  uploadBlob(source: ByteSource, options?: CallOptions & { expect?: Cid }): Promise<BlobInfo>
  /**
   * What happens from now on, until the signal aborts or the grove closes; with `after`, the contributions stored since
   * that event first. A stream that is cut is taken up again where it was.
   */
  events(options: EventOptions): AsyncIterable<GroveEvent>
  close(): Promise<void>
}

/** A grove that can be asked: over HTTP (`groveClient`) or in this process (`localClient`). All methods throw GroveError. */
export type GroveApi = Calls & Streams

/** The calls of the table, each carried out by `call`. */
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
