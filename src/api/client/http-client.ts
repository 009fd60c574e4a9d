import { Readable } from 'node:stream'
import { type buildConnector, type Dispatcher, errors, Pool } from 'undici'
import { Vigil } from '../../concurrency/vigil.ts'
import type { Cid } from '../../core/cid.ts'
import { bytesOfPath } from '../../core/contribution/names.ts'
import { errnoOf } from '../../core/errno.ts'
import { errorFromBody, GroveError, isGroveError } from '../../core/errors.ts'
import { LIST_MAX } from '../../core/limits.ts'
import { NEXT_HEADER } from '../../core/ranking/cursor.ts'
import type { BlobInfo, ByteRange } from '../../ports/blob-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { JsonOperation, Operation, PartsForm } from '../operations/operation.ts'
import { allOperations, operations } from '../operations/table.ts'
import { parseInput } from '../schema/parse.ts'
import { inputForms, PATH_MEMBER, writeQuery } from '../schema/query.ts'
import {
  type CallOptions,
  callsOf,
  type Download,
  type GroveApi,
  sourceOf,
  type UploadSource,
} from './api.ts'
import { resuming, type SentEvent, serverSentEvents } from './event-stream.ts'
import { noAnswer } from './explain.ts'

const CONNECTIONS = 16
/** Operations that wait for other groves, or for ever: short ones have connections of their own. */
const LONG: ReadonlySet<string> = new Set(['fetchContribution', 'sync', 'events'])
/** Time without a byte of the answer after which a call fails. Event streams have a heartbeat. */
const STALL_MS = 120_000

/** A grove over HTTP. Throws the errors that the server answers, and `server-unreachable`. */
export const groveClient = (url: string, clock: Clock, token?: string): GroveApi =>
  groveOver(new HttpClient(url, clock, { token }), clock)

/** The operations of a grove, each a request of the client. Closing the grove closes the client. */
export function groveOver(http: HttpClient, clock: Clock): GroveApi {
  const download = async (
    operation: Operation,
    input: Readonly<Record<string, unknown>>,
    options: CallOptions = {},
    range?: ByteRange,
  ): Promise<Download> => {
    const headers = range === undefined ? {} : { range: `bytes=${range.start}-${range.end}` }
    const answer = await http.ask(operation, { input, headers, ...options })
    const hash = String(answer.headers.etag).replaceAll('"', '') as Cid
    return {
      hash,
      sizeBytes: Number(answer.headers['content-length']),
      body: http.guarded(answer.body),
    }
  }
  return {
    isLocal: false,
    ...callsOf((operation, input, options) =>
      http.call(operation, input as Readonly<Record<string, unknown>>, options),
    ),
    blob: ({ hash, range }, options) => download(operations.blob, { hash }, options, range),
    artifact: (input, options) => download(operations.artifact, input, options),
    file: ({ range, ...input }, options) => download(operations.file, input, options, range),
    manifest: (input, options) => download(operations.manifest, input, options),
    uploadBlob: (source, options = {}) => http.upload(source, options),
    events: ({ signal, after }) =>
      resuming((position) => http.events(position, signal), { signal, after, clock }),
    close: () => http.close(),
  }
}

interface Ask extends CallOptions {
  readonly input: Readonly<Record<string, unknown>>
  readonly body?: string | Uint8Array | Readable
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer, and where the rest of it begins if it is a part. */
interface AnsweredPart {
  readonly output: unknown
  readonly next: string | undefined
}

interface FirstPart {
  readonly input: Readonly<Record<string, unknown>>
  readonly first: AnsweredPart
  readonly options: CallOptions
}

interface HttpClientOptions {
  /** How its connections are made, where they don't simply go to the URL. */
  readonly connect?: buildConnector.connector
  /** A token of the grove. */
  readonly token?: string | undefined
}

/** Sends the requests of operations to one server. */
export class HttpClient {
  readonly #url: string
  readonly #prefix: string
  /** Whether it is the process that has a directory of this machine open. */
  readonly #isHolder: boolean
  readonly #pool: Pool
  readonly #longPool: Pool
  /** A connection of its own, on which the server is asked whether it lives. */
  readonly #pulse: Pool
  readonly #vigil: Vigil
  readonly #credentials: Readonly<Record<string, string>>
  readonly #forms = new Map(
    allOperations.map((operation) => [operation.name, inputForms(operation)]),
  )

  constructor(url: string, clock: Clock, { connect, token }: HttpClientOptions = {}) {
    this.#credentials = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { origin, pathname } = new URL(url)
    this.#url = url
    this.#isHolder = connect !== undefined
    this.#prefix = pathname.replace(/\/$/, '')
    const options = { headersTimeout: 0, bodyTimeout: STALL_MS, ...(connect && { connect }) }
    this.#pool = new Pool(origin, { ...options, connections: CONNECTIONS })
    this.#longPool = new Pool(origin, { ...options, connections: CONNECTIONS })
    this.#pulse = new Pool(origin, { ...options, connections: 1 })
    this.#vigil = new Vigil({
      timers: clock,
      probe: (signal) => this.#askWhetherAlive(signal),
      silent: (waitedMs) => this.#silent(waitedMs),
      // The holder of a directory that hangs.
      isFatal: (error) => isGroveError(error, 'storage-locked'),
    })
  }

  /** Where the server answers a part of a list, the rest is asked for, as far as it was wanted. */
  async call(
    operation: JsonOperation,
    input: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<unknown> {
    const first = await this.#askOnce(operation, input, options)
    return operation.parts === undefined || first.next === undefined
      ? first.output
      : this.#withRest(operation, operation.parts, { input, first, options })
  }

  async #withRest(
    operation: JsonOperation,
    { rowsIn, joined }: PartsForm<unknown, unknown>,
    { input, first, options }: FirstPart,
  ): Promise<unknown> {
    const { limit } = parseInput(operation.input, input) as { limit: number }
    const { offset: _, ...question } = input
    let { output, next } = first
    while (next !== undefined && rowsIn(output) < limit) {
      const left = limit - rowsIn(output)
      const rest = { ...question, after: next, limit: Math.min(left, LIST_MAX) }
      const part = await this.#askOnce(operation, rest, options)
      output = joined(output, part.output)
      next = part.next === next ? undefined : part.next
    }
    return output
  }

  async #askOnce(
    operation: JsonOperation,
    input: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<AnsweredPart> {
    const sends =
      operation.http.method === 'GET'
        ? {}
        : { body: this.#bodyOf(operation, input), headers: headersOf(operation, options) }
    const answer = await this.ask(operation, { input, ...sends, ...options })
    const body = await this.json(answer)
    const next = answer.headers[NEXT_HEADER]
    const output =
      operation.wire === undefined
        ? body
        : operation.wire.unpack(body, (name) => String(answer.headers[name]))
    return { output, next: typeof next === 'string' ? next : undefined }
  }

  /** The answer, its body unread. Throws the error that the server answers. */
  async ask(
    operation: Operation,
    { input, body, headers = {}, signal }: Ask,
  ): Promise<Dispatcher.ResponseData> {
    const { method } = operation.http
    const request = {
      method,
      path: this.#pathOf(operation, input),
      headers: { ...headers, ...this.#credentials },
      body: body ?? null,
    }
    const pool = LONG.has(operation.name) ? this.#longPool : this.#pool
    const answer = await this.#vigil
      .over(signal, (until) => pool.request({ ...request, signal: until }))
      .catch((cause: unknown) => Promise.reject(this.#failure(cause, signal)))
    // A body that nobody has begun to read may emit an error, which would end the process.
    answer.body.on('error', () => {})
    if (answer.statusCode < 300) return answer
    const said = errorFromBody(await answer.body.json().catch(() => undefined))
    if (this.#isBelowRoot(said)) throw this.#notAtRoot()
    throw said === undefined ? this.#notGrove(answer) : this.#atServer(said)
  }

  /** A server's full disk: it is not that of whoever asks, and a path on it helps nobody here. */
  #atServer(error: GroveError): GroveError {
    if (error.code !== 'storage-full' || this.#isHolder) return error
    const message = `the disk of the grove at ${this.#url} is full`
    return new GroveError(error.code, { ...error.details, url: this.#url }, { message })
  }

  async #askWhetherAlive(signal: AbortSignal): Promise<void> {
    const path = this.#prefix + operations.health.http.path
    const { body } = await this.#pulse.request({ method: 'GET', path, signal })
    await body.dump()
  }

  #silent(waitedMs: number): GroveError {
    const message = `${this.#url} does not answer (${waitedMs / 1_000} s)`
    return new GroveError('server-unreachable', { url: this.#url, waitedMs }, { message })
  }

  #notGrove({ statusCode: status }: Dispatcher.ResponseData, cause?: unknown): GroveError {
    const message = `no grove answers at ${this.#url}, but another server (status ${status})`
    const options = { message, ...(cause !== undefined && { cause }) }
    return new GroveError('server-unreachable', { url: this.#url, status }, options)
  }

  /** Whether a grove says that it has no routes below the path of the URL. */
  #isBelowRoot(said: GroveError | undefined): boolean {
    const path = said?.code === 'not-found' ? said.details['path'] : undefined
    return this.#prefix !== '' && typeof path === 'string' && path.startsWith(`${this.#prefix}/`)
  }

  #notAtRoot(): GroveError {
    const { origin } = new URL(this.#url)
    const message = `there is no grove at ${this.#url}, but one at ${origin}: name that address`
    return new GroveError('server-unreachable', { url: this.#url, grove: origin }, { message })
  }

  /** Streams bytes into the grove. Rethrows an error of the source as it is. */
  async upload(
    given: UploadSource,
    { expect, ...options }: CallOptions & { expect?: Cid },
  ): Promise<BlobInfo> {
    const operation = expect === undefined ? operations.postBlob : operations.putBlob
    const headers = { 'content-type': 'application/octet-stream' }
    const source = sourceOf(given)
    let fault: unknown
    const watched = async function* (bytes: AsyncIterable<Uint8Array>) {
      try {
        yield* bytes
      } catch (error) {
        fault = error
        throw error
      }
    }
    const body =
      source instanceof Uint8Array ? source : Readable.from(watched(source), { objectMode: false })
    try {
      return (await this.json(
        await this.ask(operation, { input: { hash: expect }, body, headers, ...options }),
      )) as BlobInfo
    } catch (error) {
      throw fault ?? error
    }
  }

  async json(answer: Dispatcher.ResponseData): Promise<unknown> {
    try {
      return await answer.body.json()
    } catch (cause) {
      if (cause instanceof SyntaxError) throw this.#notGrove(answer, cause)
      throw this.#failure(cause, undefined)
    }
  }

  /** The body; its failures become GroveErrors. */
  async *guarded(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body
    } catch (cause) {
      throw this.#failure(cause, undefined)
    }
  }

  async *events(after: string | undefined, signal: AbortSignal): AsyncGenerator<SentEvent> {
    const answer = await this.ask(operations.events, { input: { after }, signal })
    yield* serverSentEvents(this.guarded(answer.body))
  }

  /** Makes no more requests; resolves when those under way have ended. */
  async retire(): Promise<void> {
    await Promise.all([this.#pool.close(), this.#longPool.close()])
    await this.#pulse.close()
  }

  async close(): Promise<void> {
    const pools = [this.#pool, this.#longPool, this.#pulse]
    await Promise.all(pools.map((pool) => pool.destroy()))
  }

  #bodyOf(operation: Operation, input: Readonly<Record<string, unknown>>): string {
    const inPath = this.#forms.get(operation.name)?.path ?? []
    return JSON.stringify(
      Object.fromEntries(Object.entries(input).filter(([name]) => !inPath.includes(name))),
    )
  }

  #pathOf(operation: Operation, input: Readonly<Record<string, unknown>>): string {
    const path = operation.http.path.replace(PATH_MEMBER, (_, name: string, rest?: string) =>
      String(input[name])
        .split('/')
        .map(percentEncoded)
        .join(rest === undefined ? '%2F' : '/'),
    )
    const forms = this.#forms.get(operation.name)
    return (
      this.#prefix +
      path +
      (operation.http.method === 'GET' && forms !== undefined ? writeQuery(input, forms) : '')
    )
  }

  #failure(cause: unknown, signal: AbortSignal | undefined): unknown {
    if (isGroveError(cause)) return cause
    if (signal?.aborted === true || (cause instanceof Error && cause.name === 'AbortError'))
      return new GroveError('aborted', {}, { cause })
    if (!(cause instanceof errors.UndiciError) && errnoOf(cause) === '') return cause
    if (cause instanceof errors.BodyTimeoutError) return this.#silent(STALL_MS)
    const errno = errnoOf(cause)
    const message = noAnswer(this.#url, cause)
    return new GroveError('server-unreachable', { url: this.#url, errno }, { cause, message })
  }
}

function headersOf({ check }: JsonOperation, { insist = false }: CallOptions) {
  const type = { 'content-type': 'application/json' }
  return check === undefined || insist ? type : { ...type, [check.header]: check.name }
}

/** Percent-encodes a text; a byte that is not UTF-8 is a lone surrogate in it. */
function percentEncoded(text: string): string {
  if (text.isWellFormed()) return encodeURIComponent(text)
  const hex = Buffer.from(bytesOfPath(text)).toString('hex')
  return hex.replace(/../g, '%$&')
}
