import { errors } from 'undici'
import { GroveError } from '../../src/core/errors.ts'
import type { CarriedAnswer, CarriedRequest, HttpCarrier } from '../../src/transport/dialler.ts'
import { describeAnswer, describeRequest } from '../describe.ts'
import type { Journal } from '../engine/journal.ts'
import type { Process } from '../engine/process.ts'
import type { Rng } from '../engine/rng.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { NetworkConditions } from '../scenario/conditions.ts'
import { Body } from './body.ts'
import type { Host, HttpAnswer, HttpRequest } from './http.ts'

/** Time limits of a grove's HTTP client, in ms: the defaults of `httpTransport`. */
const CONNECT_TIMEOUT_MS = 5_000
const HEADERS_TIMEOUT_MS = 15_000
const REORDERED_MS = [200, 2_000] as const
const SLOW_BYTES_PER_SECOND = [150, 3_000] as const
/** A connection that is cut breaks within this many bytes. */
const CUT_WITHIN_BYTES = 6_000

/** The calling end of a connection. */
export interface Client {
  readonly name: string
  readonly address: string
  readonly honest: boolean
  readonly process: Process
}

/** Whether messages from one machine to the other are blocked. */
type Barrier = (from: string, to: string) => boolean

/** Sees each call on its way. True: it does not arrive. */
type Tap = (client: Client, request: CarriedRequest, to: Host | undefined) => boolean

/** Watches the requests and transfers of honest groves. */
export interface Watcher {
  requested(client: Client, request: CarriedRequest): void
  /** A host threw instead of answering. */
  serverFailed(host: Host, error: unknown): void
  transferBegun(client: Client, address: string): void
  transferEnded(client: Client, address: string): void
}

interface Options {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly rng: Rng
  readonly conditions: NetworkConditions
  readonly watcher: Watcher
}

/**
 * The network between the machines. It carries requests and answers, and fails as its conditions
 * say.
 */
export class Network {
  conditions: NetworkConditions
  readonly stats = { requests: 0, bytes: 0, faults: 0 }
  readonly #timeline: Timeline
  readonly #journal: Journal
  readonly #rng: Rng
  readonly #watcher: Watcher
  readonly #hosts = new Map<string, Host>()
  readonly #links = new Map<string, Rng>()
  readonly #barriers = new Set<Barrier>()
  readonly #taps: Tap[] = []

  constructor({ timeline, journal, rng, conditions, watcher }: Options) {
    this.#timeline = timeline
    this.#journal = journal
    this.#rng = rng
    this.conditions = conditions
    this.#watcher = watcher
  }

  attach(host: Host): void {
    this.#hosts.set(host.address, host)
  }

  /** Blocks what the barrier says, until the returned function is called. */
  block(barrier: Barrier): () => void {
    this.#barriers.add(barrier)
    return () => this.#barriers.delete(barrier)
  }

  /** Lets somebody see all calls from now on. */
  tap(tap: Tap): void {
    this.#taps.push(tap)
  }

  isBlocked(from: string, to: string): boolean {
    for (const barrier of this.#barriers) if (barrier(from, to)) return true
    return false
  }

  /** The carrier of one process's requests. */
  carrierOf(client: Client): HttpCarrier {
    return { request: (request) => this.#request(client, request), destroy: async () => {} }
  }

  #request(client: Client, request: CarriedRequest): Promise<CarriedAnswer> {
    this.stats.requests += 1
    if (client.honest) this.#watcher.requested(client, request)
    const host = this.#hosts.get(request.origin)
    const link = this.#linkOf(client.name, host?.name ?? request.origin)
    return new Promise((resolve, reject) => {
      const call = new Call(client, request, this.#timeline, { resolve, reject })
      call.failAfter(HEADERS_TIMEOUT_MS, () => new errors.HeadersTimeoutError())
      const isWithheld = this.#taps.filter((tap) => tap(client, request, host)).length > 0
      if (this.#isLost(link, client.name, host?.name ?? '') || isWithheld) {
        call.failAfter(CONNECT_TIMEOUT_MS, () => new errors.ConnectTimeoutError())
        return this.#fault(client.name, `request to ${host?.name ?? request.origin} is lost`)
      }
      this.#timeline.after(this.#latency(link), () => this.#arrive(call, host, link))
      const canRepeat = request.stream === undefined
      if (canRepeat && host !== undefined && link.happens(this.conditions.duplicate))
        this.#duplicate(call, host, link)
    })
  }

  #arrive(call: Call, host: Host | undefined, link: Rng): void {
    if (host?.process === undefined) {
      const refusal = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      call.failAfter(this.#latency(link), () => refusal)
      return
    }
    const unwatch = host.process.onKill(() => {
      call.failAfter(this.#latency(link), () => new errors.SocketError('other side closed'))
    })
    const left = new AbortController()
    const request = this.#delivered(call, host, left)
    host.handle(request).then(
      (answer) => {
        unwatch()
        this.#answer(call, host, { answer, left }, link)
      },
      (error: unknown) => this.#watcher.serverFailed(host, error),
    )
  }

  #answer(call: Call, host: Host, { answer, left }: Answered, link: Rng): void {
    const { client } = call
    const whole = answer.body instanceof Uint8Array ? answer.body : undefined
    const headers = JSON.stringify(answer.headers)
    const size = whole?.byteLength ?? -1
    const exact = `${host.name}>${client.name} ${answer.status} ${headers} ${size}`
    this.#journal.note(`${host.name} → ${client.name}`, exact, () =>
      describeAnswer(call.request, answer),
    )
    if (this.#isLost(link, host.name, client.name)) {
      release(answer)
      left.abort()
      this.#fault(host.name, `answer to ${client.name} is lost`)
      return
    }
    this.#timeline.after(this.#latency(link), () => {
      if (call.settled || !client.process.alive) {
        left.abort()
        return release(answer)
      }
      const body = this.#bodyOf(call, host, { answer, left }, link)
      call.resolve({ statusCode: answer.status, headers: answer.headers, body })
    })
  }

  #bodyOf(call: Call, host: Host, { answer, left }: Answered, link: Rng): Body {
    const { client, request } = call
    const { slow, cut, bytesPerSecond } = this.conditions
    const isSlow = link.happens(slow)
    const isCut = link.happens(cut)
    const isTransfer =
      request.method === 'GET' && request.path.startsWith('/api/blobs/') && client.honest
    if (isSlow) this.#fault(host.name, `drips to ${client.name}`)
    if (isTransfer) this.#watcher.transferBegun(client, host.address)
    const isWhole = answer.body instanceof Uint8Array
    const unwatch = isWhole ? undefined : client.process.onKill(() => left.abort())
    return new Body(answer, {
      timeline: this.#timeline,
      client: client.process,
      server: host.process,
      isHead: request.method === 'HEAD',
      bytesPerSecond: isSlow ? link.between(SLOW_BYTES_PER_SECOND) : bytesPerSecond,
      cutAfterBytes: isCut ? link.below(CUT_WITHIN_BYTES) : undefined,
      isBlocked: () => this.isBlocked(host.name, client.name),
      signal: request.signal,
      moved: (bytes) => {
        this.stats.bytes += bytes
      },
      ended: () => {
        unwatch?.()
        if (!isWhole) left.abort()
        if (isTransfer) this.#watcher.transferEnded(client, host.address)
      },
    })
  }

  /** Delivers the same request again, a little later. Its answer is dropped. */
  #duplicate(call: Call, host: Host, link: Rng): void {
    this.#timeline.after(this.#latency(link) + link.between([0, 500]), () => {
      if (host.process === undefined) return
      this.#fault(call.client.name, `request to ${host.name} arrives twice`)
      host.handle(this.#delivered(call, host, new AbortController())).then(release, () => {})
    })
  }

  #delivered({ client, request }: Call, host: Host, left: AbortController): HttpRequest {
    const { method, path, headers, body = '', stream } = request
    this.#journal.note(
      `${client.name} → ${host.name}`,
      `${client.name}>${host.name} ${method} ${path} ${body}`,
      () => describeRequest(request),
    )
    this.stats.bytes += body.length
    const remote = new URL(client.address).hostname
    const named = { ...headers, host: new URL(request.origin).host }
    const { signal } = left
    const uploaded = stream && this.#uploaded(stream, client, host, request.signal)
    const sent = uploaded && { stream: whole(uploaded, left) }
    return { method, path, headers: named, body, ...sent, signal, from: client.name, remote }
  }

  /** A request's body as the server reads it. */
  #uploaded(
    body: AsyncIterable<Uint8Array>,
    client: Client,
    host: Host,
    signal: AbortSignal | undefined,
  ): AsyncIterable<Uint8Array> {
    return new Body(
      { status: 200, headers: {}, body },
      {
        timeline: this.#timeline,
        client: host.process ?? client.process,
        server: client.process,
        isHead: false,
        bytesPerSecond: this.conditions.bytesPerSecond,
        cutAfterBytes: undefined,
        isBlocked: () => this.isBlocked(client.name, host.name),
        signal,
        moved: (bytes) => {
          this.stats.bytes += bytes
        },
        ended() {},
      },
    )
  }

  #isLost(link: Rng, from: string, to: string): boolean {
    return this.isBlocked(from, to) || link.happens(this.conditions.loss)
  }

  #latency(link: Rng): number {
    const { latencyMs, reorder } = this.conditions
    return link.between(latencyMs) + (link.happens(reorder) ? link.between(REORDERED_MS) : 0)
  }

  #fault(who: string, what: string): void {
    this.stats.faults += 1
    this.#journal.note(who, `✗ ${what}`)
  }

  #linkOf(from: string, to: string): Rng {
    const key = `${from}>${to}`
    const link = this.#links.get(key) ?? this.#rng.fork(key)
    this.#links.set(key, link)
    return link
  }
}

/** An answer, and what tells its server that the caller has left. */
interface Answered {
  readonly answer: HttpAnswer
  readonly left: AbortController
}

interface Settle {
  resolve(answer: CarriedAnswer): void
  reject(error: unknown): void
}

/**
 * A request under way. It settles once at most: with an answer, a failure, or the caller's abort.
 */
class Call {
  settled = false
  readonly client: Client
  readonly request: CarriedRequest
  readonly #timeline: Timeline
  readonly #settle: Settle
  readonly #cancels: (() => void)[] = []

  constructor(client: Client, request: CarriedRequest, timeline: Timeline, settle: Settle) {
    this.client = client
    this.request = request
    this.#timeline = timeline
    this.#settle = settle
    const { signal } = request
    const onAbort = () => this.#finish(() => settle.reject(signal?.reason))
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#cancels.push(() => signal?.removeEventListener('abort', onAbort))
  }

  resolve(answer: CarriedAnswer): void {
    this.#finish(() => this.#settle.resolve(answer))
  }

  failAfter(delayMs: number, error: () => unknown): void {
    this.#cancels.push(
      this.#timeline.after(delayMs, () => this.#finish(() => this.#settle.reject(error()))),
    )
  }

  #finish(act: () => void): void {
    if (this.settled) return
    this.settled = true
    for (const cancel of this.#cancels) cancel()
    if (this.client.process.alive) act()
  }
}

/** A request's body as its server reads it: one that breaks off is that of a caller that left. */
async function* whole(
  body: AsyncIterable<Uint8Array>,
  left: AbortController,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body
  } catch (cause) {
    const error = new GroveError('aborted', {}, { cause })
    left.abort(error)
    throw error
  }
}

/** Releases an answer that is not read. */
function release({ body }: HttpAnswer): void {
  if (!(body instanceof Uint8Array))
    body[Symbol.asyncIterator]()
      .return?.()
      .catch(() => {})
}
