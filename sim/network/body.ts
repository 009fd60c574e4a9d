import { errors } from 'undici'
import type { RawBody } from '../../src/transport/body.ts'
import type { Process } from '../engine/process.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { HttpAnswer } from './http.ts'

/** The longest wait between two pieces of a body, in ms: the default of `httpTransport`. */
const IDLE_TIMEOUT_MS = 15_000
/** Bytes that arrive together. */
const PIECE_BYTES = 4_096
/** A shorter delay, in ms, is none. */
const SHORTEST_WAIT_MS = 1

interface Connection {
  readonly timeline: Timeline
  readonly client: Process
  readonly server: Process | undefined
  /** Whether it answers a HEAD request, whose body is empty whatever its headers say. */
  readonly isHead: boolean
  readonly bytesPerSecond: number
  /** The connection breaks after this many bytes. */
  readonly cutAfterBytes: number | undefined
  readonly isBlocked: () => boolean
  readonly signal: AbortSignal | undefined
  readonly moved: (bytes: number) => void
  readonly ended: () => void
}

/** A response body as it arrives: piece by piece, late, cut off, or never. */
export class Body implements RawBody {
  readonly #answer: HttpAnswer
  readonly #connection: Connection
  readonly #cleanups: (() => void)[] = []
  /** Ends the current wait. */
  #interrupt: ((error: unknown) => void) | undefined
  #broken: { readonly error: unknown } | undefined
  #over = false

  constructor(answer: HttpAnswer, connection: Connection) {
    this.#answer = answer
    this.#connection = connection
    const { signal, server } = connection
    const onAbort = () => {
      this.#break(signal?.reason)
      this.#end()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#cleanups.push(() => signal?.removeEventListener('abort', onAbort))
    const unwatch = server?.onKill(() => this.#break(new errors.SocketError('other side closed')))
    if (unwatch !== undefined) this.#cleanups.push(unwatch)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#connection.isHead) return this.#end()
    const source = iteratorOf(this.#answer.body)
    try {
      yield* this.#received(source)
    } finally {
      this.#end()
      source.return?.().catch(() => {})
    }
  }

  destroy(): void {
    if (!this.#over) this.#break(new errors.SocketError('destroyed'))
    this.#end()
  }

  async *#received(source: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const { cutAfterBytes = Number.POSITIVE_INFINITY, moved } = this.#connection
    const promised = Number(this.#answer.headers['content-length'] ?? Number.NaN)
    let received = 0
    for (let next = await this.#pull(source); !next.done; next = await this.#pull(source)) {
      for (const piece of piecesOf(next.value)) {
        await this.#travel(piece.byteLength)
        const most = Math.min(cutAfterBytes, promised || Number.POSITIVE_INFINITY)
        const passed = piece.subarray(0, Math.max(0, most - received))
        received += passed.byteLength
        moved(passed.byteLength)
        if (passed.byteLength > 0) yield passed
        if (received >= promised) return
        if (received >= cutAfterBytes) throw new errors.SocketError('other side closed')
      }
    }
    if (received < promised) throw new errors.SocketError('other side closed')
  }

  #pull(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    return this.#wait(
      IDLE_TIMEOUT_MS,
      { late: new errors.BodyTimeoutError() },
      (resolve, reject) => {
        source.next().then(resolve, () => reject(new errors.SocketError('other side closed')))
      },
    )
  }

  async #travel(bytes: number): Promise<void> {
    const { bytesPerSecond, isBlocked } = this.#connection
    const ms = isBlocked() ? Number.POSITIVE_INFINITY : (bytes * 1_000) / bytesPerSecond
    if (ms < SHORTEST_WAIT_MS && this.#broken === undefined) return
    const late = ms > IDLE_TIMEOUT_MS ? new errors.BodyTimeoutError() : undefined
    await this.#wait(Math.min(ms, IDLE_TIMEOUT_MS), late === undefined ? {} : { late }, () => {})
  }

  /**
   * Waits for `begin` to settle, for `ms` at most. Then it rejects with `late`, or resolves without
   * one.
   */
  #wait<T>(
    ms: number,
    { late }: { late?: Error },
    begin: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ): Promise<T> {
    const { timeline, client } = this.#connection
    if (this.#broken !== undefined) return Promise.reject(this.#broken.error)
    return new Promise((resolve, reject) => {
      const finish = (act: () => void) => {
        cancel()
        this.#interrupt = undefined
        if (client.alive) act()
      }
      const cancel = timeline.after(ms, () =>
        finish(() => (late === undefined ? resolve(undefined as T) : reject(late))),
      )
      this.#interrupt = (error) => finish(() => reject(error))
      begin(
        (value) => finish(() => resolve(value)),
        (error) => finish(() => reject(error)),
      )
    })
  }

  #break(error: unknown): void {
    this.#broken ??= { error }
    this.#interrupt?.(error)
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    for (const cleanup of this.#cleanups) cleanup()
    this.#connection.ended()
  }
}

function iteratorOf(body: HttpAnswer['body']): AsyncIterator<Uint8Array> {
  return body instanceof Uint8Array ? inOne(body) : body[Symbol.asyncIterator]()
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES)
    yield bytes.subarray(at, at + PIECE_BYTES)
}
