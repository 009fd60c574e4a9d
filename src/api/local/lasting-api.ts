import { isJsonObject } from '../../core/canonical.ts'
import type { Cid } from '../../core/cid.ts'
import { timestamp } from '../../core/time.ts'
import type { BlobInfo, ByteRange } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import {
  type CallOptions,
  callsOf,
  type Download,
  type GroveApi,
  type UploadSource,
} from '../client/api.ts'
import type { SentEvent } from '../client/event-stream.ts'
import { resuming } from '../client/event-stream.ts'
import type { JsonOperation } from '../operations/operation.ts'
import type { GroveSession } from './session.ts'
import { spooled } from './spool.ts'

/** How the calls of a lasting API find the grove. */
export interface Sessions {
  readonly clock: Clock
  /** Whether what the grove says of its own work is this user's word. */
  readonly isLocal: boolean
  /** Aborts when nothing is to be called any more. */
  readonly closing: AbortSignal
  session(signal?: AbortSignal): Promise<GroveSession>
  /** Makes a call, and makes it again with the next session if this one is lost meanwhile. */
  attempt<T>(call: (session: GroveSession) => Promise<T>, signal?: AbortSignal): Promise<T>
  /** Makes a call that can't be made again. */
  pinned<T>(call: () => Promise<T>): Promise<T>
  /** Whether an error means that the session is lost. The next call gets another one then. */
  lost(session: GroveSession, error: unknown): Promise<boolean>
  close(): Promise<void>
}

/**
 * A grove's operations that outlast the process that carries them out: a call whose session is lost
 * is made again. Each changes nothing the second time.
 */
export function lastingApi(sessions: Sessions): GroveApi {
  const { clock, closing } = sessions
  return {
    isLocal: sessions.isLocal,
    ...callsOf((operation, input, options) => {
      const fixed = operation.name === 'publish' ? dated(input, clock) : input
      return sessions.attempt(({ api }) => callIn(api, operation)(fixed, options), options.signal)
    }),
    blob: (input, options) =>
      download(sessions, { open: (api) => api.blob(input, options), rest: ofBlob }, options, input),
    artifact: (input, options) =>
      download(sessions, { open: (api) => api.artifact(input, options), rest: ofBlob }, options),
    file: (input, options) => {
      const rest: DownloadSource['rest'] = (api, { range }) =>
        api.file({ ...input, range }, options)
      return download(sessions, { open: (api) => api.file(input, options), rest }, options, input)
    },
    manifest: (input, options) =>
      manifest(sessions, (api) => api.manifest(input, options), options),
    uploadBlob: (source, options) => upload(sessions, source, options),
    events: ({ signal, after }) => {
      const ended = AbortSignal.any([signal, closing])
      return resuming((position) => sentEvents(sessions, position, ended), {
        signal: ended,
        after,
        clock,
      })
    },
    close: () => sessions.close(),
  }
}

type AnyCall = (input: unknown, options: CallOptions) => Promise<unknown>

const callIn = (api: GroveApi, { name }: JsonOperation) =>
  (api as unknown as Record<string, AnyCall>)[name] as AnyCall

/** A draft with its date, so that publishing it again gives the same contribution. */
function dated(draft: unknown, clock: Clock): unknown {
  return isJsonObject(draft) && draft.createdAt === undefined
    ? { ...draft, createdAt: timestamp(clock.now()) }
    : draft
}

/** Where a download comes from. */
interface DownloadSource {
  open(api: GroveApi): Promise<Download>
  /** Opens what has not come yet. */
  rest(api: GroveApi, missing: Missing): Promise<Download>
}

interface Missing {
  readonly hash: Cid
  readonly range: ByteRange
  readonly options: CallOptions
}

const ofBlob: DownloadSource['rest'] = (api, { hash, range, options }) =>
  api.blob({ hash, range }, options)

/** Bytes or a range of them. If their session is lost halfway, the rest comes from the next. */
async function download(
  sessions: Sessions,
  source: DownloadSource,
  options: CallOptions = {},
  { range }: { readonly range?: ByteRange } = {},
): Promise<Download> {
  const first = await sessions.attempt(
    async (session) => ({ session, ...(await source.open(session.api)) }),
    options.signal,
  )
  const { hash, sizeBytes } = first
  const start = range?.start ?? 0
  const restAfter = (receivedBytes: number) =>
    sessions.attempt(async (session) => {
      const missing = { start: start + receivedBytes, end: start + sizeBytes - 1 }
      return { session, ...(await source.rest(session.api, { hash, range: missing, options })) }
    }, options.signal)
  return { hash, sizeBytes, body: continued(sessions, first, restAfter) }
}

type Part = Download & { readonly session: GroveSession }

async function* continued(
  sessions: Sessions,
  first: Part,
  restAfter: (receivedBytes: number) => Promise<Part>,
): AsyncGenerator<Uint8Array> {
  let part = first
  for (let receivedBytes = 0; ; ) {
    const before = receivedBytes
    try {
      for await (const chunk of part.body) {
        receivedBytes += chunk.byteLength
        yield chunk
      }
      return
    } catch (error) {
      const isStuck = receivedBytes === before && part !== first
      if (isStuck || !(await sessions.lost(part.session, error))) throw error
    }
    if (receivedBytes === first.sizeBytes) return
    part = await restAfter(receivedBytes)
  }
}

/** A manifest, read whole, since it is small. */
function manifest(
  sessions: Sessions,
  open: (api: GroveApi) => Promise<Download>,
  options: CallOptions = {},
): Promise<Download> {
  return sessions.attempt(async ({ api }) => {
    const { hash, sizeBytes, body } = await open(api)
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return { hash, sizeBytes, body: streamOf(chunks) }
  }, options.signal)
}

async function* streamOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function upload(
  sessions: Sessions,
  source: UploadSource,
  options: Parameters<GroveApi['uploadBlob']>[1] = {},
): Promise<BlobInfo> {
  const send = (from: UploadSource) =>
    sessions.attempt(({ api }) => api.uploadBlob(from, options), options.signal)
  if (typeof source === 'function' || source instanceof Uint8Array) return send(source)
  const { kind, api } = await sessions.session(options.signal)
  if (kind === 'holder') return sessions.pinned(() => api.uploadBlob(source, options))
  await using copy = await spooled(source, options.signal)
  return await send(() => copy.open())
}

async function* sentEvents(
  sessions: Sessions,
  after: string | undefined,
  signal: AbortSignal,
): AsyncGenerator<SentEvent> {
  const { session, events, first } = await sessions.attempt(async (opened) => {
    const iterator = opened.events(after, signal)[Symbol.asyncIterator]()
    return { session: opened, events: iterator, first: await iterator.next() }
  }, signal)
  try {
    for (let step = first; step.done !== true; step = await events.next()) yield step.value
  } catch (error) {
    await sessions.lost(session, error)
    throw error
  } finally {
    await events.return?.()
  }
}
