import { CLOSURE_MAX_CONTRIBUTIONS, MANIFEST_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { type ClosureTrailer, closureTrailerSchema } from '../core/wire/federation.ts'
import type { ClosureAnswer } from '../ports/transport.ts'
import { peerFault } from './faults.ts'

const LINE_END = 0x0a
const TRAILER_START = Buffer.from('{"trailer":')

/**
 * Newline-delimited manifests and the trailer that ends them. A stream without its trailer, or with anything after it, is the
 * peer's fault, and so is one of more contributions than a closure may have.
 */
export function closureLines(peer: PeerAddress, body: AsyncIterable<Uint8Array>): ClosureAnswer {
  const { promise: trailer, resolve, reject } = Promise.withResolvers<ClosureTrailer>()
  trailer.catch(() => {})
  return { manifests: manifestsOf(peer, body, { resolve, reject }), trailer }
}

interface Settle {
  resolve(trailer: ClosureTrailer): void
  reject(error: unknown): void
}

async function* manifestsOf(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
  settle: Settle,
): AsyncGenerator<Uint8Array, void, undefined> {
  let trailer: ClosureTrailer | undefined
  let count = 0
  try {
    for await (const line of lines(peer, body)) {
      if (trailer !== undefined)
        throw peerFault(peer, 'malformed', 'goes on after the trailer of a closure')
      if (line.subarray(0, TRAILER_START.length).equals(TRAILER_START))
        trailer = parseTrailer(peer, line)
      else if (++count > CLOSURE_MAX_CONTRIBUTIONS)
        throw peerFault(peer, 'too-long', 'sent too many contributions in a closure')
      else yield line
    }
    if (trailer === undefined)
      throw peerFault(peer, 'cut-off', 'sent a closure without its trailer')
    settle.resolve(trailer)
  } catch (error) {
    settle.reject(error)
    throw error
  }
}

async function* lines(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void, undefined> {
  let begun: Uint8Array[] = []
  let begunBytes = 0
  for await (const chunk of body) {
    let from = 0
    for (let end = chunk.indexOf(LINE_END); end !== -1; end = chunk.indexOf(LINE_END, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, end)])
      begun = []
      begunBytes = 0
      from = end + 1
    }
    if (from === chunk.byteLength) continue
    begun.push(chunk.subarray(from))
    begunBytes += chunk.byteLength - from
    if (begunBytes > MANIFEST_MAX_BYTES)
      throw peerFault(peer, 'too-long', 'sent a manifest that is too large in a closure')
  }
  if (begunBytes > 0) throw peerFault(peer, 'cut-off', 'cut a closure off within a line')
}

function parseTrailer(peer: PeerAddress, line: Buffer): ClosureTrailer {
  try {
    return closureTrailerSchema.parse(JSON.parse(line.toString('utf8'))).trailer
  } catch (cause) {
    throw peerFault(peer, 'malformed', 'ended a closure with a malformed trailer', cause)
  }
}
