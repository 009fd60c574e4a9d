import { checkEntries } from '../core/contribution/scan.ts'
import { ARTIFACTS_MAX, CLOSURE_MAX_CONTRIBUTIONS, MANIFEST_MAX_BYTES } from '../core/limits.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import {
  artifactOf,
  CLOSURE_LINE_MAX_BYTES,
  type ClosureRecord,
  recordOf,
} from '../core/wire/closure.ts'
import { type ClosureTrailer, closureTrailerSchema } from '../core/wire/federation.ts'
import type { ClosureAnswer, ManifestAnswer } from '../ports/transport.ts'
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
      if (trailer !== undefined) throw afterTrailer(peer)
      if (isTrailer(line)) trailer = parseTrailer(peer, line)
      else if (++count > CLOSURE_MAX_CONTRIBUTIONS)
        throw peerFault(peer, 'too-long', 'sent too many contributions in a closure')
      else yield read(line)
    }
    if (trailer === undefined) throw withoutTrailer(peer)
    settle.resolve(trailer)
  } catch (error) {
    settle.reject(error)
    throw error
  }
}

/**
 * Reads a manifest and what came along with it: a line of the manifest itself, then artifacts, then
 * a closure, if it is small. Throws `peer-fault` for what has another form.
 */
export async function alongLines(
  peer: PeerAddress,
  body: AsyncIterable<Uint8Array>,
): Promise<Pick<ManifestAnswer, 'bytes' | 'along'>> {
  let bytes: Buffer | undefined
  let trailer: ClosureTrailer | undefined
  const artifacts: Buffer[] = []
  const records: ClosureRecord[] = []
  for await (const line of linesOf(peer, body, LINES)) {
    if (trailer !== undefined) throw afterTrailer(peer)
    const artifact = bytes === undefined ? undefined : artifactOf(line)
    if (bytes === undefined) bytes = line
    else if (artifact !== undefined) artifacts.push(artifact)
    else if (isTrailer(line)) trailer = parseTrailer(peer, line)
    else records.push(readRecord(peer, line))
    if (artifacts.length > ARTIFACTS_MAX || records.length > CLOSURE_MAX_CONTRIBUTIONS)
      throw peerFault(peer, 'too-long', 'sent too much along with a manifest')
  }
  if (bytes === undefined) throw peerFault(peer, 'cut-off', 'sent no manifest')
  if (bytes.byteLength > MANIFEST_MAX_BYTES)
    throw peerFault(peer, 'too-long', 'sent a manifest that is too long')
  if (trailer === undefined && records.length > 0) throw withoutTrailer(peer)
  return { bytes, along: { artifacts, ...(trailer && { closure: { records, trailer } }) } }
}

const isTrailer = (line: Buffer): boolean =>
  line.subarray(0, TRAILER_START.length).equals(TRAILER_START)

const afterTrailer = (peer: PeerAddress) =>
  peerFault(peer, 'malformed', 'sent more after the trailer of a closure')

const withoutTrailer = (peer: PeerAddress) =>
  peerFault(peer, 'cut-off', 'sent a closure without its trailer')

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
