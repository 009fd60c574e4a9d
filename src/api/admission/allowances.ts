import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ApiRequest } from '../answer/request.ts'
import type { ApiResponse } from '../answer/response.ts'
import { busyFor } from './busy.ts'

/** Requests that one may make at once while others wait that use less, and then in each second. */
const REQUESTS_MAX = 200
const REQUESTS_PER_S = 50
/** Bytes that it is sent, likewise. */
const SENT_MAX_BYTES = 128 * 1024 * 1024
const SENT_BYTES_PER_S = 32 * 1024 * 1024
/** Bytes of bodies that it sends, which are hashed. */
const HASHED_MAX_BYTES = 256 * 1024 * 1024
const HASHED_BYTES_PER_S = 64 * 1024 * 1024
/** Keys and hosts whose use is counted. */
const USERS_MAX = 4_096

type CountedUse = 'requests' | 'sent' | 'hashed'
type Buckets = Readonly<Record<CountedUse, Bucket>>

interface AllowanceOptions {
  readonly clock: Pick<Clock, 'now'>
  /** The hosts that have had to wait lately. */
  readonly waiters: () => readonly string[]
}

/** Somebody whose use is counted: a listed key, else a host. */
interface User {
  readonly name: string
  readonly request: ApiRequest
}

/**
 * How much one may use of a grove while others wait that use less. While nobody does, everybody may
 * use as much as there is. Nobody owes more than a second's use.
 */
export class Allowances {
  readonly #options: AllowanceOptions
  readonly #users = new BoundedMap<string, Buckets>(USERS_MAX)
  /** Who called from a host last. */
  readonly #byHost = new BoundedMap<string, string>(USERS_MAX)

  constructor(options: AllowanceOptions) {
    this.#options = options
  }

  /** Throws `busy` for one that has used up its part, if others wait that have not. */
  check({ name, request: { host = 'unknown' } }: User): void {
    const waitMs = this.#waitOf(name)
    if (waitMs === 0) return
    const isLighter = (other: string) =>
      other !== host && this.#waitOf(this.#byHost.get(other) ?? other) === 0
    if (this.#options.waiters().some(isLighter)) throw busyFor(waitMs, usedUp)
  }

  /** A request was let in. */
  begin({ name, request }: User): void {
    const { requests, hashed } = this.#of(name)
    const now = this.#options.clock.now()
    this.#byHost.set(request.host ?? 'unknown', name)
    requests.owe(now, 1)
    hashed.owe(now, Number(request.header('content-length') ?? 0) || 0)
  }

  /** The same answer, whose bytes are counted while they are sent. */
  counted({ name, request }: User, response: ApiResponse): ApiResponse {
    const { body } = response
    if (body === undefined || request.method === 'HEAD') return response
    const sent = (bytes: number) => this.#of(name).sent.owe(this.#options.clock.now(), bytes)
    if (typeof body === 'object' && !(body instanceof Uint8Array))
      return { ...response, body: countedBytes(body, sent) }
    sent(body.length)
    return response
  }

  /** How long it takes until one has some of its part again, in ms. */
  #waitOf(name: string): number {
    const now = this.#options.clock.now()
    const buckets = Object.values(this.#users.get(name) ?? {})
    return Math.max(0, ...buckets.map((bucket) => bucket.waitMs(now)))
  }

  #of(name: string): Buckets {
    const buckets = this.#users.get(name) ?? {
      requests: bucketOf(REQUESTS_MAX, REQUESTS_PER_S),
      sent: bucketOf(SENT_MAX_BYTES, SENT_BYTES_PER_S),
      hashed: bucketOf(HASHED_MAX_BYTES, HASHED_BYTES_PER_S),
    }
    this.#users.set(name, buckets)
    return buckets
  }
}

const usedUp = 'others wait that have used less: come later'

const bucketOf = (most: number, perSecond: number) => new Bucket(most, 1_000 / perSecond, perSecond)

async function* countedBytes(
  chunks: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.byteLength)
    yield chunk
  }
}
