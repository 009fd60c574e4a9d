import { errors } from 'undici'
import type { CarriedAnswer, CarriedRequest, HttpCarrier } from '../../src/transport/dialler.ts'
import type { Chance } from '../engine/chance.ts'
import type { Journal } from '../engine/journal.ts'
import type { Process } from '../engine/process.ts'
import type { Timeline } from '../engine/timeline.ts'
import type { NetworkConditions } from '../scenario/conditions.ts'
import { tellAnswer, tellRequest } from '../tell.ts'
import { Body } from './body.ts'
import type { Host, HttpAnswer, HttpRequest } from './http.ts'

/** What the HTTP client of a grove gives the network, in ms (the defaults of `httpTransport`). */
const CONNECT_TIMEOUT_MS = 5_000
const HEADERS_TIMEOUT_MS = 15_000
const REORDERED_MS = [200, 2_000] as const
const SLOW_BYTES_PER_SECOND = [150, 3_000] as const
/** Where in a body a dying connection ends, at the latest. */
const CUT_WITHIN_BYTES = 6_000

/** Who is on the calling end of a connection. */
export interface Client {
  readonly name: string
  readonly address: string
  readonly honest: boolean
  readonly process: Process
}

/** Says, for messages of the given machine towards the other, whether they can't pass. */
type Barrier = (from: string, to: string) => boolean

/** Sees each request of an honest grove go out, and how many bytes it carries. */
export interface Watcher {
  requested(client: Client, request: CarriedRequest): void
  /** The server behind a host threw what it should have answered. */
  serverFailed(host: Host, error: unknown): void
  transferBegun(client: Client, address: string): void
  transferEnded(client: Client, address: string): void
}

interface Options {
  readonly timeline: Timeline
  readonly journal: Journal
  readonly chance: Chance
  readonly conditions: NetworkConditions
  readonly watcher: Watcher
}

/** The network between the machines: requests and the bodies of answers, with everything that can go wrong with them. */
export class Network {
  conditions: NetworkConditions
  readonly stats = { requests: 0, bytes: 0, faults: 0 }
  readonly #timeline: Timeline
  readonly #journal: Journal
  readonly #chance: Chance
  readonly #watcher: Watcher
  readonly #hosts = new Map<string, Host>()
  readonly #links = new Map<string, Chance>()
  readonly #barriers = new Set<Barrier>()

  constructor({ timeline, journal, chance, conditions, watcher }: Options) {
    this.#timeline = timeline
    this.#journal = journal
    this.#chance = chance
    this.conditions = conditions
    this.#watcher = watcher
  }

  attach(host: Host): void {
    this.#hosts.set(host.address, host)
  }

  /** Lets nothing pass for which the barrier says so, until the returned function is called. */
  block(barrier: Barrier): () => void {
    this.#barriers.add(barrier)
    return () => this.#barriers.delete(barrier)
  }

  isBlocked(from: string, to: string): boolean {
    for (const barrier of this.#barriers) if (barrier(from, to)) return true
    return false
  }

  /** What carries the requests of one process. */
  wireOf(client: Client): HttpCarrier {
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
      if (this.#isLost(link, client.name, host?.name ?? '')) {
        call.failAfter(CONNECT_TIMEOUT_MS, () => new errors.ConnectTimeoutError())
        return this.#fault(client.name, `request to ${host?.name ?? request.origin} is lost`)
      }
      this.#timeline.after(this.#latency(link), () => this.#arrive(call, host, link))
      if (host !== undefined && link.happens(this.conditions.duplicate))
        this.#duplicate(call, host, link)
    })
  }

  #arrive(call: Call, host: Host | undefined, link: Chance): void {
    if (host?.process === undefined) {
      const refusal = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
      call.failAfter(this.#latency(link), () => refusal)
      return
    }
    const unwatch = host.process.onKill(() => {
      call.failAfter(this.#latency(link), () => new errors.SocketError('other side closed'))
    })
    const request = this.#delivered(call, host)
    host.handle(request).then(
      (answer) => {
        unwatch()
        this.#answer(call, host, answer, link)
      },
      (error: unknown) => this.#watcher.serverFailed(host, error),
    )
  }

  #answer(call: Call, host: Host, answer: HttpAnswer, link: Chance): void {
    const { client } = call
    const whole = answer.body instanceof Uint8Array ? answer.body : undefined
    const exact = `${host.name}>${client.name} ${answer.status} ${JSON.stringify(answer.headers)} ${whole?.byteLength ?? -1}`
    this.#journal.note(`${host.name} → ${client.name}`, exact, () =>
      tellAnswer(call.request, answer),
    )
    if (this.#isLost(link, host.name, client.name)) {
      release(answer)
      this.#fault(host.name, `answer to ${client.name} is lost`)
      return
    }
    this.#timeline.after(this.#latency(link), () => {
      if (call.settled || !client.process.alive) return release(answer)
      const body = this.#bodyOf(call, host, answer, link)
      call.resolve({ statusCode: answer.status, headers: answer.headers, body })
    })
  }

  #bodyOf(call: Call, host: Host, answer: HttpAnswer, link: Chance): Body {
    const { client, request } = call
    const { slow, cut, bytesPerSecond } = this.conditions
    const isSlow = link.happens(slow)
    const isCut = link.happens(cut)
    const isTransfer =
      request.method === 'GET' && request.path.startsWith('/api/blobs/') && client.honest
    if (isSlow) this.#fault(host.name, `drips to ${client.name}`)
    if (isTransfer) this.#watcher.transferBegun(client, host.address)
    return new Body(answer, {
      timeline: this.#timeline,
      client: client.process,
      server: host.process,
      headless: request.method === 'HEAD',
      bytesPerSecond: isSlow ? link.between(SLOW_BYTES_PER_SECOND) : bytesPerSecond,
      cutAfterBytes: isCut ? link.below(CUT_WITHIN_BYTES) : undefined,
      isBlocked: () => this.isBlocked(host.name, client.name),
      signal: request.signal,
      moved: (bytes) => {
        this.stats.bytes += bytes
      },
      ended: () => {
        if (isTransfer) this.#watcher.transferEnded(client, host.address)
      },
    })
  }

  /** The same request once more, a little later; nobody waits for that answer. */
  #duplicate(call: Call, host: Host, link: Chance): void {
    this.#timeline.after(this.#latency(link) + link.between([0, 500]), () => {
      if (host.process === undefined) return
      this.#fault(call.client.name, `request to ${host.name} arrives twice`)
      host.handle(this.#delivered(call, host)).then(release, () => {})
    })
  }

  #delivered({ client, request }: Call, host: Host): HttpRequest {
    const { method, path, headers, body = '' } = request
    this.#journal.note(
      `${client.name} → ${host.name}`,
      `${client.name}>${host.name} ${method} ${path} ${body}`,
      () => tellRequest(request),
    )
    this.stats.bytes += body.length
    return { method, path, headers, body, from: client.name }
  }

  #isLost(link: Chance, from: string, to: string): boolean {
    return this.isBlocked(from, to) || link.happens(this.conditions.loss)
  }

  #latency(link: Chance): number {
    const { latencyMs, reorder } = this.conditions
    return link.between(latencyMs) + (link.happens(reorder) ? link.between(REORDERED_MS) : 0)
  }

  #fault(who: string, what: string): void {
    this.stats.faults += 1
    this.#journal.note(who, `✗ ${what}`)
  }

  #linkOf(from: string, to: string): Chance {
    const key = `${from}>${to}`
    const link = this.#links.get(key) ?? this.#chance.fork(key)
    this.#links.set(key, link)
    return link
  }
}

interface Settle {
  resolve(answer: CarriedAnswer): void
  reject(error: unknown): void
}

/** One request on its way, settled once at the most: by an answer, a failure, or the caller's wish. */
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

/** Lets go of an answer that nobody reads. */
function release({ body }: HttpAnswer): void {
  if (!(body instanceof Uint8Array))
    body[Symbol.asyncIterator]()
      .return?.()
      .catch(() => {})
}
