import { type Cid, hashBytes } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { AlongRequest } from '../../core/wire/closure.ts'
import type { FetchOptions } from '../../core/wire/fetch.ts'
import type { FetchContext, FetchedManifest } from '../context.ts'
import { noteFailure } from '../peers/contact.ts'

/** Bytes of artifacts that are taken along with a manifest: less than a request costs. */
const ARTIFACTS_MAX_BYTES = 16 * 1024

interface Terms extends Pick<FetchOptions, 'quote' | 'artifacts' | 'maxBytes'> {
  readonly depth: number
  readonly maxArtifactBytes: number | undefined
}

/** What is to come along with a manifest that is fetched on these terms. */
export function alongFor(terms: Terms): AlongRequest | undefined {
  const { quote, artifacts = 'all', depth, maxBytes, maxArtifactBytes } = terms
  if (quote === true) return undefined
  const bounds = [ARTIFACTS_MAX_BYTES, maxBytes, maxArtifactBytes]
  const most = Math.min(...bounds.filter((bound) => bound !== undefined))
  return { ancestors: depth, artifactBytes: artifacts === 'all' ? Math.max(0, most) : 0 }
}

/** A contribution, from whom its manifest came, and what came along with it. */
interface Came extends Pick<FetchedManifest, 'contribution' | 'along'> {
  readonly peer?: PeerAddress | undefined
}

/** The artifacts that came along, by hash. What is no artifact of it is its sender's fault. */
export function artifactsAlong(
  node: FetchContext,
  { contribution, peer, along }: Came,
): Map<Cid, Uint8Array> {
  const named = new Set(Object.values(contribution.manifest.artifacts))
  const came = new Map(along?.artifacts.map((bytes) => [hashBytes(bytes), bytes]))
  for (const [hash, bytes] of came) {
    if (named.has(hash)) continue
    came.delete(hash)
    if (peer === undefined || along?.isShared === true) continue
    const message = `${peer.address} sent bytes that are no artifact of ${contribution.cid}`
    const details = { ...peer, cid: contribution.cid }
    const error = new GroveError('fetch-bad-bytes', details, { message })
    noteFailure(node, peer, error, bytes.byteLength)
  }
  return came
}
