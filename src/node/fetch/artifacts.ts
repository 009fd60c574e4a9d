import { mapBounded } from '../../concurrency/semaphore.ts'
import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { ArtifactState, FetchOptions } from '../../core/wire/fetch.ts'
import type { PendingBlob } from '../../ports/blob-store.ts'
import type { CameAlong, FetchContext, TransferProgress } from '../context.ts'
import { ask } from '../peers/contact.ts'
import { probe } from '../peers/providers.ts'
import { transferBlob } from '../transfer/transfer.ts'
import { artifactsAlong } from './along.ts'

/** Artifacts of one contribution that are fetched at once. */
const AT_ONCE = 4

export interface ArtifactsRequest {
  readonly contribution: Contribution
  readonly artifacts: FetchOptions['artifacts']
  /** Whom to ask, the likeliest first. */
  readonly providers: readonly PeerAddress[]
  /** From whom the manifest came, and what came along with it. */
  readonly peer?: PeerAddress | undefined
  readonly along?: CameAlong | undefined
  readonly sizes?: ReadonlyMap<Cid, number> | undefined
  /** Of all artifacts together, and of each. */
  readonly maxBytes?: number | undefined
  readonly maxArtifactBytes?: number | undefined
  /** Whether nobody waits for them. */
  readonly isUnasked?: boolean | undefined
  readonly signal: AbortSignal
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined
}

export interface ArtifactsOutcome {
  readonly states: ArtifactState[]
  /** By hash, why what was asked for is not here. */
  readonly failures: ReadonlyMap<Cid, GroveError>
  /** All bytes of artifacts that came, those in vain too. */
  readonly bytesMoved: number
  readonly bytesVerified: number
  /** What is to be stored with the contribution. */
  readonly pending: readonly PendingBlob[]
}

/** A missing blob, under the first name that needs it. */
interface Needed {
  readonly hash: Cid
  readonly name: string
}

/**
 * Brings the artifacts that are asked for and missing here, each blob once. What a peer failed to
 * send is in `failures`. Throws this grove's own failure and the caller's abort.
 */
export async function fetchArtifacts(
  node: FetchContext,
  request: ArtifactsRequest,
): Promise<ArtifactsOutcome> {
  const { contribution } = request
  const needed = await neededBlobs(node, contribution, request.artifacts)
  const failures = new Map<Cid, GroveError>()
  const budget = new ByteBudget(request)
  const more = probeOnce(node, request)
  const came = artifactsAlong(node, request)
  const pending = new Map<Cid, PendingBlob>()
  const outcome = { bytesMoved: 0, bytesVerified: 0 }
  await mapBounded(needed, AT_ONCE, async (item, ended) => {
    const signal = AbortSignal.any([request.signal, ended])
    try {
      signal.throwIfAborted()
      const bytes = came.get(item.hash)
      if (bytes !== undefined) {
        budget.take(item.hash, bytes.byteLength)
        const moved = await takeAlong(node, request, { ...item, bytes })
        if (moved.pending !== undefined) pending.set(item.hash, moved.pending)
        outcome.bytesMoved += moved.bytesMoved
        outcome.bytesVerified += moved.bytesMoved
        return
      }
      const sizeBytes = budget.isLimited
        ? await sizeOf(node, { ...request, signal }, item)
        : request.sizes?.get(item.hash)
      const maxBytes = budget.take(item.hash, sizeBytes)
      const wanted = {
        ...item,
        sizeBytes,
        maxBytes,
        via: { cid: contribution.cid, name: item.name },
      }
      let movedBytes = 0
      const onMoved = (bytes: number) => {
        movedBytes += bytes
        outcome.bytesMoved += bytes
        budget.spend(Math.min(bytes, movedBytes - (sizeBytes ?? 0)))
      }
      const moved = await transferBlob(node, wanted, request.providers, {
        signal,
        isUnasked: request.isUnasked,
        onProgress: request.onProgress,
        onMoved,
        more,
      })
      outcome.bytesVerified += moved.bytesMoved > 0 ? moved.sizeBytes : 0
    } catch (error) {
      failures.set(item.hash, failureFor(error, signal))
    }
  })
  const states = await statesOf(node, request, {
    fetched: new Set(needed.map(({ hash }) => hash)),
    failures,
    pending,
  })
  return { states, failures, pending: [...pending.values()], ...outcome }
}

/** Makes an artifact ready that came along with the manifest. How many bytes moved for it. */
async function takeAlong(
  node: FetchContext,
  { peer, along, onProgress }: ArtifactsRequest,
  { hash, name, bytes }: Needed & { readonly bytes: Uint8Array },
): Promise<{ readonly pending: PendingBlob | undefined; readonly bytesMoved: number }> {
  const { pending, sizeBytes } = await node.blobs.stage(bytes, { expect: hash })
  const isShared = along?.isShared === true
  if (peer !== undefined) {
    const { peerId } = peer
    const arrived = { hash, receivedBytes: sizeBytes, sizeBytes, peerId }
    onProgress?.({ ...arrived, name })
    if (!isShared) {
      node.peers.bytesGood(peer.address, sizeBytes)
      node.events.publish({ type: 'transfer', ...arrived, done: true })
    }
  }
  return { pending, bytesMoved: isShared ? 0 : sizeBytes }
}

/** The artifacts as they are now, nothing moved. */
export async function artifactStates(
  node: FetchContext,
  request: Omit<ArtifactsRequest, 'signal'>,
): Promise<ArtifactState[]> {
  return statesOf(node, request, NOTHING_MOVED)
}

/** Artifacts that are asked for and missing here. Throws `not-found` for an unknown name. */
export async function neededBlobs(
  node: FetchContext,
  { cid, manifest }: Contribution,
  artifacts: FetchOptions['artifacts'] = 'all',
): Promise<Needed[]> {
  const unknown = Array.isArray(artifacts)
    ? artifacts.find((name) => !Object.hasOwn(manifest.artifacts, name))
    : undefined
  if (unknown !== undefined)
    throw new GroveError(
      'not-found',
      { cid, name: unknown },
      { message: `Artifact '${unknown}' not found in ${cid}` },
    )
  const byHash = new Map<Cid, Needed>()
  for (const [name, hash] of Object.entries(manifest.artifacts)) {
    if (isAsked(artifacts, name) && !byHash.has(hash)) byHash.set(hash, { hash, name })
  }
  const missing = new Set(await node.blobs.missing([...byHash.keys()]))
  return [...byHash.values()].filter(({ hash }) => missing.has(hash))
}

/** The size of a blob as one of the likeliest peers states it; undefined where none does. */
export async function sizeOf(
  node: FetchContext,
  request: Pick<ArtifactsRequest, 'contribution' | 'providers' | 'sizes' | 'signal'>,
  { hash, name }: Needed,
): Promise<number | undefined> {
  const known = request.sizes?.get(hash)
  if (known !== undefined) return known
  const via = { cid: request.contribution.cid, name }
  for (const peer of request.providers.slice(0, 2)) {
    try {
      return await ask(node, peer, request.signal, () =>
        node.transport.sizeOf(peer, { hash, via }, { signal: request.signal }),
      )
    } catch (error) {
      if (request.signal.aborted || !isGroveError(error)) throw error
    }
  }
  return undefined
}

/** Asks the live peers for other holders once, the first time that they are needed. */
function probeOnce(
  node: FetchContext,
  { contribution, providers, signal }: ArtifactsRequest,
): () => Promise<PeerAddress[]> {
  let asked: Promise<PeerAddress[]> | undefined
  return () => {
    asked ??= probe(node, contribution.cid, providers, { signal })
    return asked
  }
}

/** Why one artifact is not here. This grove's own failure and the caller's abort end the fetch. */
function failureFor(error: unknown, signal: AbortSignal): GroveError {
  if (isGroveError(signal.reason, 'fetch-timeout')) return signal.reason
  if (signal.aborted || !isGroveError(error) || error.kind.blame === 'self') throw error
  return error
}

/** What a fetch has come to so far. */
interface Moved {
  readonly fetched: ReadonlySet<Cid>
  readonly failures: ReadonlyMap<Cid, GroveError>
  readonly pending: ReadonlyMap<Cid, PendingBlob>
}

const NOTHING_MOVED: Moved = { fetched: new Set(), failures: new Map(), pending: new Map() }

async function statesOf(
  node: FetchContext,
  request: Omit<ArtifactsRequest, 'signal'>,
  { fetched, failures, pending }: Moved,
): Promise<ArtifactState[]> {
  const named = Object.entries(request.contribution.manifest.artifacts)
  return mapBounded(named, AT_ONCE, async ([name, hash]) => {
    const sizeOfPending = pending.get(hash)?.bytes.byteLength
    if (sizeOfPending !== undefined)
      return { name, hash, sizeBytes: sizeOfPending, state: 'fetched' }
    const here = await node.blobs.stat(hash)
    if (here !== undefined)
      return {
        name,
        hash,
        sizeBytes: here.sizeBytes,
        state: fetched.has(hash) ? 'fetched' : 'here',
      }
    const failure = failures.get(hash)
    const told = failure?.details['sizeBytes']
    const sizeBytes = request.sizes?.get(hash) ?? (typeof told === 'number' ? told : -1)
    const skipped = !isAsked(request.artifacts, name) || failure?.code === 'too-large'
    return { name, hash, sizeBytes, state: skipped ? 'skipped' : 'missing' }
  })
}

function isAsked(artifacts: FetchOptions['artifacts'] = 'all', name: string): boolean {
  return Array.isArray(artifacts) ? artifacts.includes(name) : artifacts === 'all'
}

/** The bytes that may still be moved. A blob of unknown size may take all of them. */
class ByteBudget {
  readonly #most: number
  readonly #each: number
  #left: number

  constructor({
    maxBytes = Number.POSITIVE_INFINITY,
    maxArtifactBytes = Number.POSITIVE_INFINITY,
  }: Pick<ArtifactsRequest, 'maxBytes' | 'maxArtifactBytes'>) {
    this.#most = maxBytes
    this.#left = maxBytes
    this.#each = maxArtifactBytes
  }

  get isLimited(): boolean {
    return Number.isFinite(this.#most) || Number.isFinite(this.#each)
  }

  /** Reserves the size; the most that the transfer may take. Throws `too-large`. */
  take(hash: Cid, sizeBytes: number | undefined): number | undefined {
    const maxBytes = Math.min(this.#left, this.#each)
    if ((sizeBytes ?? 0) > maxBytes)
      throw new GroveError('too-large', { hash, sizeBytes, maxBytes })
    this.#left -= sizeBytes ?? 0
    return Number.isFinite(maxBytes) ? maxBytes : undefined
  }

  /** Takes off bytes that came beyond what was reserved, in vain or not. */
  spend(bytes: number): void {
    if (bytes > 0) this.#left = Math.max(0, this.#left - bytes)
  }
}
