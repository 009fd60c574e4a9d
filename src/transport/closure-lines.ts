import { CLOSURE_MAX_CONTRIBUTIONS } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { CLOSURE_LINE_MAX_BYTES, type ClosureRecord, recordOf } from '../core/wire/closure.ts'
import { type ClosureTrailer, closureTrailerSchema } from '../core/wire/federation.ts'
import type { ClosureAnswer } from '../ports/transport.ts'
import { peerFault } from './faults.ts'

const LINE_END = 0x0a
const TRAILER_START = Buffer.from('{"trailer":')

/**
 * The lines of a closure, records or bare manifests, and the trailer that ends them. A stream
 * without its trailer, or with anything after it, is the peer's fault, and so is one of more
 * contributions than a closure may have.
 */
export function closureLines(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
  areRecords: boolean,
): ClosureAnswer {
  const { promise: trailer, resolve, reject } = Promise.withResolvers<ClosureTrailer>()
  trailer.catch(() => {})
  const read = areRecords
    ? (line: Buffer) => readRecord(peer, line)
    : (bytes: Buffer) => ({ bytes, attestations: [] })
  return { records: recordsOf(peer, body, read, { resolve, reject }), trailer }
}

interface Settle {
  resolve(trailer: ClosureTrailer): void
  reject(error: unknown): void
}

async function* recordsOf(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
  read: (line: Buffer) => ClosureRecord,
  settle: Settle,
): AsyncGenerator<ClosureRecord, void, undefined> {
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
      else yield read(line)
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
    if (begunBytes > CLOSURE_LINE_MAX_BYTES)
      throw peerFault(peer, 'too-long', 'sent a line that is too long in a closure')
  }
  if (begunBytes > 0) throw peerFault(peer, 'cut-off', 'cut a closure off within a line')
}

function readRecord(peer: PeerAddress, line: Buffer): ClosureRecord {
  const record = recordOf(line)
  if (record !== undefined) return record
  throw peerFault(peer, 'malformed', 'sent a line in a closure that is no record')
}

function parseTrailer(peer: PeerAddress, line: Buffer): ClosureTrailer {
  try {
    return closureTrailerSchema.parse(JSON.parse(line.toString('utf8'))).trailer
  } catch (cause) {
    throw peerFault(peer, 'malformed', 'ended a closure with a malformed trailer', cause)
  }
}
