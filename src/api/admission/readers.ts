import { BoundedMap } from '../../concurrency/bounded.ts'
import { Bucket } from '../../concurrency/bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { ApiRequest } from '../answer/request.ts'
import type { ApiResponse } from '../answer/response.ts'
import { busyFor } from './busy.ts'

/** Requests that a host may make at once where everybody may read. */
const ANONYMOUS_READS_MAX = 50
/** How often a host may read once more. */
const ANONYMOUS_READ_MS = 100
/** Bytes that a host is sent at once where everybody may read, and then in each second. */
const ANONYMOUS_BYTES_MAX = 32 * 1024 * 1024
const ANONYMOUS_BYTES_PER_S = 8 * 1024 * 1024
/** Hosts whose reading is counted. */
const READERS_MAX = 4_096

const tooMuch = 'too much is read from there without a token: come later, or with one'

/** What a host has left. */
interface ReadingHost {
  readonly requests: Bucket
  readonly bytes: Bucket
}

/** Gives those who read what is open to everybody so many requests and bytes, by their hosts. */
export class Readers {
  readonly #clock: Pick<Clock, 'now' | 'sleep'>
  readonly #readers = new BoundedMap<string, ReadingHost>(READERS_MAX)

  constructor(clock: Pick<Clock, 'now' | 'sleep'>) {
    this.#clock = clock
  }

  /** Throws `busy` for a host that has had too much. */
  admit({ host = 'unknown' }: ApiRequest): void {
    const { requests, bytes } = this.#of(host)
    const now = this.#clock.now()
    const waitMs = Math.max(requests.waitMs(now), bytes.waitMs(now))
    if (waitMs > 0) throw busyFor(waitMs, tooMuch)
    requests.owe(now, 1)
  }

  /** The answer to a host, sent no faster than it may. */
  paced({ host = 'unknown', method, signal }: ApiRequest, response: ApiResponse): ApiResponse {
    const { body } = response
    if (body === undefined || method === 'HEAD') return response
    if (typeof body === 'string' || body instanceof Uint8Array) {
      this.#of(host).bytes.owe(this.#clock.now(), body.length)
      return response
    }
    return { ...response, body: this.#paced(host, body, signal) }
  }

  async *#paced(
    host: string,
    chunks: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      const { bytes } = this.#of(host)
      bytes.owe(this.#clock.now(), chunk.byteLength)
      const waitMs = bytes.waitMs(this.#clock.now())
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
      yield chunk
    }
  }

  #of(host: string): ReadingHost {
    const known = this.#readers.get(host) ?? {
      requests: new Bucket(ANONYMOUS_READS_MAX, ANONYMOUS_READ_MS),
      bytes: new Bucket(ANONYMOUS_BYTES_MAX, 1_000 / ANONYMOUS_BYTES_PER_S),
    }
    this.#readers.set(host, known)
    return known
  }
}
