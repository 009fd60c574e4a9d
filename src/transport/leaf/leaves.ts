import type { IncomingHttpHeaders } from 'node:http'
import { GroveError } from '../../core/errors.ts'
import type { KeyId } from '../../core/identity/ed25519.ts'
import { leafAddress } from '../../core/peers/leaf.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { LeafCall } from '../../core/wire/leaf.ts'
import type { Clock } from '../../ports/clock.ts'
import type { LeafAnswer, LeafLine, Leaves } from '../../ports/transport.ts'
import type { RawBody } from '../body.ts'
import type { CarriedAnswer, CarriedRequest, HttpCarrier } from '../dialler.ts'
import type { HostMap } from '../hosts.ts'

/** Leaves whose lines may stand at once, and of one host that hosts are told apart by. */
const LEAVES_MAX = 256
const LEAVES_OF_HOST_MAX = 16
/** Calls to a leaf that wait for the head of their answer. */
const LEAF_CALLS_MAX = 256
/** How long a leaf has to begin its answer. */
const LEAF_HEAD_MS = 30_000

interface PendingCall {
  /** Whether its answer has a body. */
  readonly hasBody: boolean
  /** Aborts when the answer is not wanted any more. */
  readonly signal: AbortSignal | undefined
  resolve(answer: CarriedAnswer): void
  reject(error: Error): void
}

interface LeavesOptions {
  readonly clock: Clock
  readonly hosts: HostMap
  /** 32 hex digits that nobody can guess. */
  readonly nonce: () => string
}

/**
 * The groves that nobody can dial and that hold a line to this one. Requests to their addresses go
 * down the line, and their answers come as requests of theirs.
 */
export class OpenLeaves implements Leaves {
  readonly #options: LeavesOptions
  readonly #lines = new Map<string, StandingLine>()

  constructor(options: LeavesOptions) {
    this.#options = options
    options.hosts.leavesAt((address) => this.#lines.has(address))
  }

  connected(): PeerAddress[] {
    return [...this.#lines].map(([address, { peerId }]) => ({ peerId, address }))
  }

  /** A second line of a leaf takes the place of the first. Throws `busy`. */
  open({ peerId, remote = 'unknown' }: { peerId: KeyId; remote?: string | undefined }): LeafLine {
    const address = leafAddress(peerId)
    const { hosts } = this.#options
    const others = [...this.#lines].filter(([other]) => other !== address)
    const host = hosts.keyOf(`http://${remote.includes(':') ? `[${remote}]` : remote}`)
    const beside = others.filter(([, line]) => host !== undefined && line.host === host)
    if (others.length >= LEAVES_MAX || beside.length >= LEAVES_OF_HOST_MAX)
      throw new GroveError('busy', {}, { message: 'too many leaves hold a line to this grove' })
    this.#lines.get(address)?.close()
    const line = new StandingLine({
      ...this.#options,
      peerId,
      host,
      onClose: () => this.#drop(line),
    })
    this.#lines.set(address, line)
    hosts.resolved(new URL(address).hostname, [remote])
    return line
  }

  expects(by: KeyId, id: string): boolean {
    return this.#lines.get(leafAddress(by))?.expects(id) === true
  }

  answer(by: KeyId, id: string, answer: LeafAnswer): Promise<void> {
    const line = this.#lines.get(leafAddress(by))
    return line?.answer(id, answer) ?? Promise.reject(unwanted())
  }

  /** Whether this leaf holds a line to this grove. */
  has(peerId: KeyId): boolean {
    return this.#lines.has(leafAddress(peerId))
  }

  /** Ends the lines of leaves that are not to have one. */
  endOf(isOver: (peerId: KeyId) => boolean): void {
    for (const line of [...this.#lines.values()]) if (isOver(line.peerId)) line.close()
  }

  readonly carrier: HttpCarrier = {
    request: (request) => {
      const line = this.#lines.get(request.origin)
      return line?.request(request) ?? Promise.reject(gone())
    },
    destroy: async () => {
      for (const line of [...this.#lines.values()]) line.close()
    },
  }

  #drop(line: StandingLine): void {
    const address = leafAddress(line.peerId)
    if (this.#lines.get(address) === line) this.#lines.delete(address)
  }
}

interface StandingLineOptions extends Pick<LeavesOptions, 'clock' | 'nonce'> {
  readonly peerId: KeyId
  readonly host: string | undefined
  readonly onClose: () => void
}

/** The line that one leaf holds. */
class StandingLine implements LeafLine {
  readonly peerId: KeyId
  readonly host: string | undefined
  readonly #options: StandingLineOptions
  readonly #calls: LeafCall[] = []
  readonly #pending = new Map<string, PendingCall>()
  #isClosed = false
  /** When the leaf last began to answer something. */
  #heardAt = Number.NEGATIVE_INFINITY
  #wake = () => {}

  constructor(options: StandingLineOptions) {
    this.#options = options
    this.peerId = options.peerId
    this.host = options.host
  }

  /** The next call; undefined if none comes within that time. Ends when the line does. */
  async next(withinMs: number): Promise<LeafCall | 'silence' | undefined> {
    if (this.#calls.length === 0 && !this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const cancel = this.#options.clock.after(withinMs, resolve)
      this.#wake = resolve
      await promise
      cancel()
    }
    if (this.#isClosed) return undefined
    return this.#calls.shift() ?? 'silence'
  }

  request({ path, method, headers, body, signal }: CarriedRequest): Promise<CarriedAnswer> {
    if (this.#isClosed) return Promise.reject(gone())
    if (this.#pending.size >= LEAF_CALLS_MAX)
      return Promise.reject(new GroveError('busy', {}, { message: 'too many calls to this leaf' }))
    const id = this.#options.nonce()
    const { promise, resolve, reject } = Promise.withResolvers<CarriedAnswer>()
    const end = () => {
      this.#pending.delete(id)
      signal?.removeEventListener('abort', onAbort)
    }
    const settle: PendingCall = {
      hasBody: method !== 'HEAD',
      signal,
      resolve(answer) {
        cancel()
        end()
        resolve(answer)
      },
      reject(error) {
        end()
        reject(error)
      },
    }
    const onAbort = () => settle.reject(new Error('aborted'))
    // A leaf that says nothing for so long sleeps, or its line is cut: also where whoever asked has
    // given up before.
    const { clock } = this.#options
    const askedAt = clock.now()
    const cancel = clock.after(LEAF_HEAD_MS, () => {
      if (this.#pending.has(id) || this.#heardAt < askedAt) this.close()
    })
    this.#pending.set(id, settle)
    signal?.addEventListener('abort', onAbort, { once: true })
    const text = typeof body === 'string' ? { body } : {}
    this.#calls.push({ id, method, path, headers: { ...headers }, ...text })
    this.#wake()
    return promise
  }

  /** Whether the leaf is to answer this. That it asks shows that its line stands. */
  expects(id: string): boolean {
    this.#heardAt = this.#options.clock.now()
    return this.#pending.has(id)
  }

  /** Resolves when the body has been read, or is not wanted any more. Throws `unwanted`. */
  async answer(id: string, { status, headers, body }: LeafAnswer): Promise<void> {
    const pending = this.#pending.get(id)
    if (pending === undefined) throw unwanted()
    const read = new ReadBody(body, pending.signal)
    // Whoever asks for a head alone reads nothing: nobody would ever say that it is over.
    if (!pending.hasBody) read.destroy()
    pending.resolve({ statusCode: status, headers: headers as IncomingHttpHeaders, body: read })
    await read.over
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.onClose()
    for (const pending of [...this.#pending.values()]) pending.reject(gone())
    this.#wake()
  }
}

/** A body that comes as a leaf's request, until it has been read or is not wanted any more. */
class ReadBody implements RawBody {
  readonly over: Promise<void>
  readonly #body: AsyncIterable<Uint8Array>
  readonly #end: () => void
  #giveUp = () => {}

  constructor(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#end = () => {
      signal?.removeEventListener('abort', this.#end)
      resolve()
      this.#giveUp()
    }
    this.#body = body
    if (signal?.aborted === true) this.#end()
    else signal?.addEventListener('abort', this.#end, { once: true })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks = this.#body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await this.#unlessOver(chunks.next())
        if (next.done === true) return
        yield next.value
      }
    } finally {
      this.#end()
    }
  }

  destroy(): void {
    this.#end()
  }

  /** Whoever gives up doesn't wait for what a leaf sends next. */
  #unlessOver<T>(read: Promise<T>): Promise<T> {
    // A promise of its own for each chunk: one that lasts would keep them all.
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#giveUp = () => reject(new Error('aborted'))
    read.then(resolve, reject)
    return promise
  }
}

const unwanted = () =>
  new GroveError('unwanted', {}, { message: 'that is no answer to a call of this grove' })

/** As a socket fails to a host that has gone. */
const gone = () => Object.assign(new Error('the leaf holds no line'), { code: 'ECONNREFUSED' })
