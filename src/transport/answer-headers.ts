import { type Cid, isCid } from '../core/cid.ts'
import type { Attestation } from '../core/contribution/attestation.ts'
import { originAttestation, readOriginHeader } from '../core/identity/origin-text.ts'
import type { PeerAddress } from '../core/peers/peer.ts'
import type { PeerAnswer } from './dialler.ts'
import { peerFault } from './faults.ts'

/** A manifest's header with the sizes of some artifacts that the peer holds: `<hash>=<bytes>,…` */
export const ARTIFACTS_HEADER = 'grove-artifacts'
/** A manifest's header with who has signed it (`core/identity/origin-text.ts`). */
export const ORIGIN_HEADER = 'grove-origin'
/** Sizes of artifacts read from the headers of one manifest. */
const SIZES_MAX = 1_000

/** Who has signed, by a header. Entries of another form are left out. */
export const attestationsIn = (header: string): Attestation[] =>
  readOriginHeader(header).origins.map(originAttestation)

/** The sizes in a header, by hash. Entries of another form are left out. */
export function parseSizes(header: string): Map<Cid, number> {
  const sizes = new Map<Cid, number>()
  for (const entry of header.split(',', SIZES_MAX)) {
    const [hash = '', size = ''] = entry.trim().split('=')
    if (isCid(hash) && /^\d{1,15}$/.test(size)) sizes.set(hash, Number(size))
  }
  return sizes
}

/**
 * The size of the whole blob, by the headers of a response that starts at `offset`. Throws
 * `peer-fault` if they don't fit the request.
 */
export function sizeOfAnswer(
  peer: PeerAddress,
  { status, headers, lengthBytes }: PeerAnswer,
  offset: number,
): number {
  if (lengthBytes === undefined)
    throw peerFault(peer, 'wrong-length', 'does not state the size of a blob')
  if (offset === 0) {
    if (status !== 200)
      throw peerFault(peer, 'wrong-range', `answered ${status} to a request for a whole blob`)
    return lengthBytes
  }
  if (status !== 206)
    throw peerFault(peer, 'range-ignored', `answered ${status} to a request for a range`)
  const [, start, end, size] =
    /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(String(headers['content-range'])) ?? []
  const fits =
    Number(start) === offset &&
    Number(end) === Number(size) - 1 &&
    lengthBytes === Number(size) - offset
  if (!fits) {
    const range = headers['content-range'] ?? 'no range'
    throw peerFault(peer, 'wrong-range', `sent ${range} instead of the bytes from ${offset} on`)
  }
  return Number(size)
}
