import type { IncomingHttpHeaders } from 'node:http'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'
import { peerFault, tooSlow, transportError } from './faults.ts'

const LINE_END = 0x0a

/** The least mean rate at which a peer must send, over each window of waiting for it. */
export interface MinimumRate {
  readonly bytesPerSecond: number
  readonly windowMs: number
}

/** What a body has to keep to. */
export interface BodyLimits {
  readonly peer: PeerAddress
  /** The most bytes. More are the peer's fault. */
  readonly maxBytes: number
  /** The exact number of bytes, if the peer stated it. */
  readonly exactBytes?: number | undefined
  readonly clock: Clock
  readonly rate: MinimumRate
  readonly signal?: AbortSignal | undefined
}

/** A body as it comes from the network. A reader that stops before its end must destroy it. */
export interface RawBody extends AsyncIterable<Uint8Array> {
  destroy(): unknown
}

/**
 * The chunks of a body within its limits. Throws `peer-fault` (too long, cut off), `peer-too-slow`,
 * `peer-unreachable`, `aborted`. Only time spent waiting for the peer counts towards its rate, not
 * the time that the reader takes. The body is destroyed at the end, however that comes about.
 */
export async function* guardedBody(
  body: RawBody,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { peer, exactBytes, clock, signal } = limits
  const most = exactBytes ?? limits.maxBytes
  const rate = new RateCheck(limits)
  const chunks = body[Symbol.asyncIterator]()
  let received = 0
  try {
    for (;;) {
      const asked = clock.now()
      const next = await chunks.next()
      if (next.done) break
      received += next.value.byteLength
      if (received > most)
        throw peerFault(peer, 'too-long', `sent more than the allowed ${most} bytes`)
      rate.check(next.value.byteLength, clock.now() - asked)
      yield next.value
    }
  } catch (cause) {
    throw transportError(peer, cause, { begun: true, signal })
  } finally {
    body.destroy()
  }
  if (exactBytes !== undefined && received < exactBytes) {
    throw peerFault(peer, 'cut-off', `sent only ${received} of ${exactBytes} bytes`)
  }
}

/** All bytes of a body. The body has to be bounded. */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The Content-Length; undefined if there is none. */
export function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length']
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}

/** What a body says in JSON. Throws `peer-fault`. */
export function parseJson(peer: PeerAddress, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw peerFault(peer, 'malformed', 'sent a body that is not JSON', cause)
  }
}

interface LinesOptions {
  /** Of one line. */
  readonly maxBytes: number
  /** What has the lines, for messages. */
  readonly of: string
}

/** The lines of a body without their ends. Throws `peer-fault` for one that is too long or cut. */
export async function* linesOf(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
  { maxBytes, of }: LinesOptions,
): AsyncGenerator<Buffer, void, undefined> {
  let partial: Uint8Array[] = []
  let partialBytes = 0
  for await (const chunk of body) {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
      yield Buffer.concat([...partial, chunk.subarray(from, end)])
      partial = []
      partialBytes = 0
      from = end + 1
    }
    if (from === chunk.byteLength) continue
    partial.push(chunk.subarray(from))
    partialBytes += chunk.byteLength - from
    if (partialBytes > maxBytes)
      throw peerFault(peer, 'too-long', `sent ${of} with a line that is too long`)
  }
  if (partialBytes > 0) throw peerFault(peer, 'cut-off', `ended ${of} within a line`)
}

/** The mean rate of a body, checked whenever a window of waiting is full, and reset. */
class RateCheck {
  readonly #limits: BodyLimits
  #bytes = 0
  #waitedMs = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  check(bytes: number, waitedMs: number): void {
    const { rate, peer } = this.#limits
    this.#bytes += bytes
    this.#waitedMs += waitedMs
    if (this.#waitedMs < rate.windowMs) return
    const perSecond = (this.#bytes * 1_000) / this.#waitedMs
    if (perSecond < rate.bytesPerSecond)
      throw tooSlow(
        peer,
        `sends ${Math.round(perSecond)} bytes a second, less than ${rate.bytesPerSecond}`,
      )
    this.#bytes = 0
    this.#waitedMs = 0
  }
}
