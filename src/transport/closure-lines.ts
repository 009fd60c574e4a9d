import { checkEntries } from '../core/contribution/scan.ts'
import { CLOSURE_MAX_CONTRIBUTIONS } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { CLOSURE_LINE_MAX_BYTES, type ClosureRecord, recordOf } from '../core/wire/closure.ts'
import { type ClosureTrailer, closureTrailerSchema } from '../core/wire/federation.ts'
import type { ClosureAnswer } from '../ports/transport.ts'
import { linesOf } from './body.ts'
import { peerFault } from './faults.ts'

const LINES = { maxBytes: CLOSURE_LINE_MAX_BYTES, of: 'a closure' }
const TRAILER_START = Buffer.from('{"trailer":')

/**
 * Reads the lines of a closure, records or bare manifests, and the trailer that ends them. Throws
 * `peer-fault` if the trailer is missing, if anything follows it, or if there are more
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
    for await (const line of linesOf(peer, body, LINES)) {
      if (trailer !== undefined)
        throw peerFault(peer, 'malformed', 'sent more after the trailer of a closure')
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

function readRecord(peer: PeerAddress, line: Buffer): ClosureRecord {
  const record = recordOf(line)
  if (record !== undefined) return record
  throw peerFault(peer, 'malformed', 'sent a malformed record in a closure')
}

function parseTrailer(peer: PeerAddress, line: Buffer): ClosureTrailer {
  try {
    checkEntries(line)
    return closureTrailerSchema.parse(JSON.parse(line.toString('utf8'))).trailer
  } catch (cause) {
    throw peerFault(peer, 'malformed', 'ended a closure with a malformed trailer', cause)
  }
}
