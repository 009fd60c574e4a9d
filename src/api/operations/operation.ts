import type { z } from 'zod'
import type { Cid } from '../../core/cid.ts'
import type { GroveEvent } from '../../core/wire/events.ts'
import type { GroveNode } from '../../node/node.ts'
import type { ByteRange } from '../../ports/blob-store.ts'

export type Method = 'GET' | 'POST' | 'PUT'

/** Where an operation is found over HTTP. What the path does not name of the input is in the query (GET, uploads) or the JSON body. */
export interface HttpBinding {
  readonly method: Method
  /** With `:name` for the parts of the input that are in the path. */
  readonly path: string
  /** Status of success; 200 where left out. */
  readonly status?: number
  /** The largest body that is read, in bytes. */
  readonly maxBodyBytes?: number
  /** Headers of the answer that depend on nothing, e.g. `cache-control`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** An operation as an MCP tool, with its input as it is. */
export interface ToolBinding {
  readonly tool: string
  readonly description: string
}

export interface CallContext {
  readonly signal: AbortSignal
}

interface Common<I extends z.ZodType> {
  readonly name: string
  /** Heading under which the reference lists it. */
  readonly group: Group
  /** One line, an infinitive: what it does. */
  readonly summary: string
  readonly http: HttpBinding
  readonly input: I
}

export type Group =
  | 'contributions'
  | 'frontier'
  | 'graph'
  | 'blobs'
  | 'federation'
  | 'gossip'
  | 'grove'

/** How an output looks in an HTTP answer, where body and output are not the same. */
export interface HttpForm<O> {
  readonly schema: z.ZodType
  pack(output: O): { readonly body: unknown; readonly headers: Readonly<Record<string, string>> }
  unpack(body: unknown, header: (name: string) => string | undefined): O
}

/** JSON in, JSON out: most of them. */
export interface JsonOperation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Common<I> {
  readonly kind: 'json'
  readonly output: O
  /** `run` checks the input by itself (a manifest is checked where it is sealed), so that it is not checked twice. */
  readonly checksInput?: true
  /** The body may also be multipart/form-data: the input as part `manifest`, files as parts `artifact:<name>`. */
  readonly multipart?: true
  readonly wire?: HttpForm<z.output<O>>
  readonly mcp?: ToolBinding
  run(node: GroveNode, input: z.output<I>, context: CallContext): Promise<z.output<O>>
}

/** Bytes that can be asked for in part. */
export interface BytesAnswer {
  /** The hash of the bytes: their entity tag. */
  readonly hash: Cid
  readonly sizeBytes: number
  readonly headers?: Readonly<Record<string, string>>
  open(options: { range?: ByteRange; signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>>
}

/** Answers immutable bytes named by their hash: ranges, conditions and HEAD come with it. */
export interface BytesOperation<I extends z.ZodType = z.ZodType> extends Common<I> {
  readonly kind: 'bytes'
  readonly contentType: string
  run(node: GroveNode, input: z.output<I>, context: CallContext): Promise<BytesAnswer>
}

/** Takes bytes as they come, of any length; the input is in the path. */
export interface UploadOperation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Common<I> {
  readonly kind: 'upload'
  readonly output: O
  run(
    node: GroveNode,
    input: z.output<I>,
    context: CallContext & { readonly body: AsyncIterable<Uint8Array> },
  ): Promise<z.output<O>>
}

/** Answers bytes whose length nobody knows beforehand. */
export interface StreamOperation<I extends z.ZodType = z.ZodType> extends Common<I> {
  readonly kind: 'stream'
  readonly contentType: string
  /** Another form of the answer, for callers that name it in this header; the answer names it too. */
  readonly form?: { readonly header: string; readonly name: string }
  run(
    node: GroveNode,
    input: z.output<I>,
    context: CallContext & { readonly form: string | undefined },
  ): AsyncIterable<Uint8Array>
}

/** Answers server-sent events until the caller leaves. */
export interface EventsOperation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType>
  extends Common<I> {
  readonly kind: 'events'
  readonly output: O
  run(node: GroveNode, input: z.output<I>, context: CallContext): AsyncIterable<GroveEvent>
}

export type Operation =
  | JsonOperation
  | BytesOperation
  | UploadOperation
  | StreamOperation
  | EventsOperation

/** Declares an operation, keeping the types of its input and output. */
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
