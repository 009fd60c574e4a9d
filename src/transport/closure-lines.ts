import { checkEntries } from '../core/contribution/scan.ts'
import { CLOSURE_MAX_CONTRIBUTIONS } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import { CLOSURE_LINE_MAX_BYTES, type ClosureRecord, recordOf } from '../core/wire/closure.ts'
import { type ClosureTrailer, closureTrailerSchema } from '../core/wire/federation.ts'
import type { ClosureAnswer } from '../ports/transport.ts'
import { peerFault } from './faults.ts'

const LINE_END = 0x0a
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
    for await (const line of lines(peer, body)) {
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

async function* lines(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
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
    if (partialBytes > CLOSURE_LINE_MAX_BYTES)
      throw peerFault(peer, 'too-long', 'sent a closure with a line that is too long')
  }
  if (partialBytes > 0) throw peerFault(peer, 'cut-off', 'ended a closure within a line')
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
