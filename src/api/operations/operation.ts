import type { z } from 'zod'
import type { Cid } from '../../core/cid.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import type { TransferProgress } from '../../node/context.ts'
import type { EventSubscription } from '../../node/events.ts'
import type { GroveNode } from '../../node/node.ts'
import type { GetOptions, PendingBlob } from '../../ports/blob-store.ts'
import type { AccessKind } from '../admission/access.ts'

export type Method = 'GET' | 'POST' | 'PUT'

/**
 * The HTTP route of an operation. Members of the input that the path doesn't name are in the query
 * (GET, uploads) or in the JSON body.
 */
export interface HttpBinding {
  readonly method: Method
  /** With `:name` for members of the input, `:name{.+}` for one that may hold `/`. */
  readonly path: string
  /** Status of success. Default: 200. */
  readonly status?: number
  /** The largest body that is accepted. Default: 64 KiB. */
  readonly maxBodyBytes?: number
}

/** Offers an operation as an MCP tool with the same input. */
export interface ToolBinding {
  readonly tool: string
  readonly description: string
}

export interface CallContext {
  readonly signal: AbortSignal
  /**
   * Whether the caller is in this process, or came through the socket of the grove's directory.
   * Default: it came over the network.
   */
  readonly isLocal?: boolean
  /** The caller's host, by which callers take turns. Default: this process. */
  readonly caller?: string
  /** Waits until long work may go on. Default: as `breathe`. */
  readonly turn?: () => Promise<void> | undefined
  /** Whether the caller is on another machine. Default: it is on this one. */
  readonly isElsewhere?: boolean
  /** The grove that signed the request. Default: none did. */
  readonly by?: KeyId
  /** The IP address that the caller has, if it has one. */
  readonly remote?: string | undefined
  /** Artifacts that came with a draft and are stored with it. */
  readonly pending?: readonly PendingBlob[]
  readonly onTransfer?: (progress: TransferProgress) => void
  /** Whether the caller wants the operation's `check`. */
  readonly checks?: boolean
}

interface Common<I extends z.ZodType> {
  readonly name: string
  /** Its heading in the reference. */
  readonly group: Group
  /** What it does: one line, beginning with a verb. */
  readonly summary: string
  readonly http: HttpBinding
  /** Who may call it from another machine. */
  readonly access: AccessKind
  readonly input: I
}

/** The headings of the reference: what belongs under each. */
export const groups = {
  contributions: 'One contribution or a list of them: to publish, read, fetch and complete.',
  frontier: 'What is best, here or anywhere, and what a search finds.',
  graph: 'How contributions relate: lineage, differences, discussions.',
  blobs: 'Bytes by their hash, in and out.',
  federation: 'What is known of other groves and fetched from them unasked, and what they ask for.',
  gossip: 'What groves tell each other of their own accord, and manifests by their bytes.',
  access: 'Who may call this grove from other machines: tokens, and what is said of other groves.',
  grove: 'The grove itself: what it is, whether it is well, what happens in it.',
} as const
export type Group = keyof typeof groups

/** How an output is read from an HTTP answer whose body isn't the output itself. */
export interface HttpForm<O> {
  readonly schema: z.ZodType
  unpack(body: unknown, header: (name: string) => string | undefined): O
}

/** Up to this size an answer is sent whole; in longer ones, small pieces are gathered up to it. */
export const PIECE_MIN_BYTES = 64 * 1024

/** A part of a list as JSON, made as its reader takes it. */
export interface JsonPart {
  readonly headers: Readonly<Record<string, string>>
  /** Where the rest of the list begins, if there is any. */
  readonly next: string | undefined
  /** Bytes that it takes in memory until its reader takes them. */
  readonly holds: number
  readonly pieces: AsyncIterable<Uint8Array>
}

/** How a list that may be long is answered in parts. */
export interface PartsForm<I, O> {
  /** The part that the input asks for, within the bounds of one answer. */
  part(node: GroveNode, input: I, context: CallContext): Promise<JsonPart>
  /** How many rows an output has. */
  rowsIn(output: O): number
  /** An output with the rows of the next part after its own. */
  joined(output: O, next: O): O
}

/** JSON in, JSON out: most operations. */
export interface JsonOperation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Common<I> {
  readonly kind: 'json'
  readonly output: O
  /** `run` checks the input itself, so it isn't parsed before: sealing checks a manifest. */
  readonly checksInput?: true
  /**
   * Also takes multipart/form-data: the input in the part `manifest`, files in `artifact:<name>` or
   * `artifact:<path>`. Files that come after the draft are read only if `check` throws nothing.
   */
  readonly multipart?: {
    check(node: GroveNode, input: z.output<I>, context: CallContext): Promise<void>
  }
  /**
   * A check beyond 0.1's that refuses some inputs. Requests ask for it by this header, which our
   * client sends unless its caller insists.
   */
  readonly check?: { readonly header: string; readonly name: string }
  readonly wire?: HttpForm<z.output<O>>
  /** A list that may be long: over HTTP it is answered in parts, which our client puts together. */
  readonly parts?: PartsForm<z.output<I>, z.output<O>>
  /** What a log says of the output. Default: nothing. */
  subject?(output: z.output<O>): Readonly<Record<string, unknown>>
  readonly mcp?: ToolBinding
  run(node: GroveNode, input: z.output<I>, context: CallContext): Promise<z.output<O>>
}

interface OpenOptions extends GetOptions {
  readonly signal: AbortSignal
}

/** Bytes, of which a range can be opened. */
export interface BytesAnswer {
  /** The hash of the bytes, which is their entity tag. */
  readonly hash: Cid
  readonly sizeBytes: number
  readonly headers?: Readonly<Record<string, string>>
  open(options: OpenOptions): Promise<AsyncIterable<Uint8Array>>
}

/** Bytes that are made for one request: nobody keeps them, and they have no tag and no ranges. */
export interface MadeAnswer {
  readonly made: Uint8Array
  readonly contentType: string
  readonly headers: Readonly<Record<string, string>>
}

interface MadeContext extends CallContext {
  /** What the caller wants along with the bytes. */
  readonly along?: string | undefined
}

interface BytesContext extends CallContext {
  /** The contribution that the bytes belong to, as the caller says. */
  readonly via?: string | undefined
}

/** Answers immutable bytes named by their hash, with ranges, conditions and HEAD. */
export interface BytesOperation<I extends z.ZodType = z.ZodType> extends Common<I> {
  readonly kind: 'bytes'
  readonly contentType: string
  run(node: GroveNode, input: z.output<I>, context: BytesContext): Promise<BytesAnswer>
  /** The answer to who asks for more than the bytes; undefined for who doesn't. */
  made?(node: GroveNode, input: z.output<I>, context: MadeContext): Promise<MadeAnswer | undefined>
}

interface UploadContext {
  readonly body: AsyncIterable<Uint8Array>
  /** As of `PutOptions`. */
  readonly gives?: boolean
}

/** Takes a stream of bytes of any length; the input is in the path. */
export interface UploadOperation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Common<I> {
  readonly kind: 'upload'
  readonly output: O
  run(
    node: GroveNode,
    input: z.output<I>,
    context: CallContext & UploadContext,
  ): Promise<z.output<O>>
}

/** Answers a stream of bytes whose length isn't known beforehand. */
export interface StreamOperation<I extends z.ZodType = z.ZodType> extends Common<I> {
  readonly kind: 'stream'
  readonly contentType: string
  /** Another form of the response. Requests ask for it, and responses name it, by this header. */
  readonly form?: { readonly header: string; readonly name: string }
  /** It lasts until the caller leaves or the server closes, and may pause meanwhile. */
  readonly isEndless?: true
  run(
    node: GroveNode,
    input: z.output<I>,
    context: CallContext & { readonly form: string | undefined },
  ): AsyncIterable<Uint8Array>
}

/**
 * Answers server-sent events until the caller leaves; the header Last-Event-ID gives its input
 * `after`.
 */
interface EventsContext extends CallContext {
  /**
   * The position that the caller reached. It is newer than one in the input: a browser that
   * reconnects repeats the query. It is not checked: what is no position of this log gets `reset`,
   * while an error would end a browser's stream for good.
   */
  readonly lastEventId?: string | undefined
}

export interface EventsOperation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Common<I> {
  readonly kind: 'events'
  readonly output: O
  run(node: GroveNode, input: z.output<I>, context: EventsContext): EventSubscription
}

export type Operation =
  | JsonOperation
  | BytesOperation
  | UploadOperation
  | StreamOperation
  | EventsOperation

/** Declares an operation and keeps the types of its input and output. */
export function json<I extends z.ZodType, O extends z.ZodType>(
  operation: Omit<JsonOperation<I, O>, 'kind'>,
): JsonOperation<I, O> {
  return { kind: 'json', ...operation }
}

export function bytes<I extends z.ZodType>(
  operation: Omit<BytesOperation<I>, 'kind'>,
): BytesOperation<I> {
  return { kind: 'bytes', ...operation }
}

export function upload<I extends z.ZodType, O extends z.ZodType>(
  operation: Omit<UploadOperation<I, O>, 'kind'>,
): UploadOperation<I, O> {
  return { kind: 'upload', ...operation }
}

export function stream<I extends z.ZodType>(
  operation: Omit<StreamOperation<I>, 'kind'>,
): StreamOperation<I> {
  return { kind: 'stream', ...operation }
}

export function events<I extends z.ZodType, O extends z.ZodType>(
  operation: Omit<EventsOperation<I, O>, 'kind'>,
): EventsOperation<I, O> {
  return { kind: 'events', ...operation }
}
