import type { PeerAddress } from '../core/peers/peer.ts'
import type { Clock } from '../ports/clock.ts'
import { peerFault, tooSlow, transportError } from './faults.ts'

/** The least that a peer has to send: a mean over each stretch of waiting for it. */
export interface MinimumRate {
  readonly bytesPerSecond: number
  readonly windowMs: number
}

export interface BodyLimits {
  readonly peer: PeerAddress
  /** Bytes at the most. More is the peer's fault. */
  readonly maxBytes: number
  /** Exactly so many bytes were promised. */
  readonly exactBytes?: number | undefined
  readonly clock: Clock
  readonly rate: MinimumRate
  readonly signal?: AbortSignal | undefined
}

/** A body as it comes from the network: to be destroyed where it is not read to its end. */
export interface RawBody extends AsyncIterable<Uint8Array> {
  destroy(): unknown
}

/**
 * The chunks of a body, held to what was promised. Throws `peer-fault` (too long, cut off), `peer-too-slow`,
 * `peer-unreachable`, `aborted`. Only the time spent waiting for the peer counts as its slowness, not the reader's own.
 */
export async function* guardedBody(
  body: RawBody,
  limits: BodyLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { peer, exactBytes, clock, signal } = limits
  const most = exactBytes ?? limits.maxBytes
  const pace = new Pace(limits)
  const chunks = body[Symbol.asyncIterator]()
  let received = 0
  try {
    for (;;) {
      const asked = clock.now()
      const next = await chunks.next()
      if (next.done) break
      received += next.value.byteLength
      if (received > most)
        throw peerFault(peer, 'too-long', `sent more than the ${most} bytes that it may`)
      pace.check(next.value.byteLength, clock.now() - asked)
      yield next.value
    }
  } catch (cause) {
    throw transportError(peer, cause, { begun: true, signal })
  } finally {
    body.destroy()
  }
  if (exactBytes !== undefined && received < exactBytes) {
    throw peerFault(peer, 'cut-off', `sent ${received} of the ${exactBytes} bytes that it promised`)
  }
}

/** All of a body. */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Bytes and time waited in the present stretch; ended and judged when it is as long as the window. */
class Pace {
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
        `sends ${Math.round(perSecond)} bytes a second, ${rate.bytesPerSecond} is the least`,
      )
    this.#bytes = 0
    this.#waitedMs = 0
  }
}
