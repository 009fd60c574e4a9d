import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { AlongRequest } from '../../core/wire/closure.ts'
import type { Source } from '../../core/wire/fetch.ts'
import type { FetchContext, FetchedManifest } from '../context.ts'
import { likelyProviders, namedPeer, unique } from '../peers/providers.ts'
import { type Accept, fetchManifest } from './manifest.ts'

/** What is known once the manifest is here: the rest of a fetch follows from it. */
export interface Located {
  readonly contribution: Contribution
  /** Where the manifest came from; undefined where it was here. */
  readonly peer: PeerAddress | undefined
  /** Whether it was here and was published on this machine. */
  readonly isOwn: boolean
  readonly sizes: FetchedManifest['sizes']
  readonly bytesMoved: number
  readonly along?: FetchedManifest['along']
  /** Whom to ask for the rest, the likeliest first. */
  readonly providers: readonly PeerAddress[]
  /** To be called when the fetch has ended: until then other fetches share the manifest. */
  release(): void
}

export interface LocateOptions {
  readonly signal: AbortSignal
  /** The peer that the caller named, by address or id. */
  readonly named?: string | undefined
  readonly providers?: readonly PeerAddress[] | undefined
  readonly accept?: Accept | undefined
  /** What is to come along with the manifest. */
  readonly along?: AlongRequest | undefined
}

/**
 * The contribution as it is here, or its manifest from a peer. Throws what `fetchManifest` throws.
 */
export async function locate(
  node: FetchContext,
  cid: Cid,
  { signal, named, ...options }: LocateOptions,
): Promise<Located> {
  const given = named === undefined ? undefined : namedPeer(node, named)
  const known = [given, ...(options.providers ?? []), ...(await likelyProviders(node, cid))]
  const held = await node.contributions.get(cid)
  if (held !== undefined)
    return {
      contribution: held,
      peer: undefined,
      isOwn: held.provenance.own === true,
      sizes: undefined,
      bytesMoved: 0,
      providers: distinct(node, known),
      release() {},
    }
  const obtained = await fetchManifest(node, cid, { signal, given, ...options })
  return { ...obtained, isOwn: false, providers: distinct(node, [obtained.peer, ...known]) }
}

function distinct(
  node: FetchContext,
  peers: readonly (PeerAddress | undefined)[],
): readonly PeerAddress[] {
  return unique(
    node,
    peers.filter((peer) => peer !== undefined),
  )
}

/** Where a fetch tells its manifest to have come from. */
export function sourceOf({ peer, isOwn }: Located): Source {
  if (peer === undefined) return isOwn ? { local: true, own: true } : { local: true }
  return { peerId: peer.peerId, address: peer.address, local: false }
}
