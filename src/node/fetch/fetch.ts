import type { Cid } from '../../core/cid.ts'
import { type Contribution, viewOf } from '../../core/contribution/contribution.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { FetchOptions, FetchResult, MissingItem } from '../../core/wire/fetch.ts'
import type { ManifestAnswer } from '../../ports/transport.ts'
import { type Arrival, admitAll, provenanceOf } from '../admit.ts'
import type { NodeContext } from '../context.ts'
import { likelyProviders, namedPeer, unique } from '../peers/providers.ts'
import type { TransferProgress } from '../transfer/transfer.ts'
import { type ArtifactsOutcome, type ArtifactsRequest, fetchArtifacts } from './artifacts.ts'
import { type Closure, fetchClosure } from './closure.ts'
import { type Accept, fetchManifest } from './manifest.ts'
import { quote } from './quote.ts'

const ANCESTORS_DEFAULT = 1
/** Stubs kept in all, and noted for one fetch: a manifest may name a thousand parents that never were. */
const STUBS_MAX = 4_096
const STUBS_MAX_PER_FETCH = 64

export interface FetchHooks {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TransferProgress) => void
  /** For background sync: asked instead of whoever is likely. */
  readonly providers?: readonly PeerAddress[]
  /** A last word before anything is stored. */
  readonly accept?: Accept
  /** The largest artifact that is taken. */
  readonly maxArtifactBytes?: number
  /** Whether one more contribution about this one is taken from that address. */
  readonly takeEvidence?: (address: string) => boolean
}

/** What is known when the manifest is here: the rest follows from it. */
export interface Located {
  readonly contribution: Contribution
  /** Where the manifest came from; undefined where it was here. */
  readonly peer: PeerAddress | undefined
  readonly sizes: ManifestAnswer['sizes']
  readonly bytesMoved: number
  /** Whom to ask for the rest, the likeliest first. */
  readonly providers: readonly PeerAddress[]
}

/**
 * Brings a contribution here: manifest, artifacts, ancestors and what is said about it, each verified before it is stored
 * (PROTOCOL.md §5). One fetch for the same thing at a time; later callers join it. What could not be had is in `missing`.
 * Throws where nothing was obtained: `absent`, `gone`, `refused`, `fetch-bad-bytes`, the codes of a malformed manifest, `fetch-timeout`,
 * `peer-unreachable`, `peer-fault`, …, with `peersAsked`; and `not-found` for a peer or an artifact name that isn't known.
 */
export async function fetchRemoteContribution(
  node: NodeContext,
  cid: Cid,
  options: FetchOptions = {},
  hooks: FetchHooks = {},
): Promise<FetchResult> {
  const key = JSON.stringify([
    cid,
    options,
    hooks.maxArtifactBytes ?? null,
    hooks.accept !== undefined,
  ])
  const signal =
    hooks.signal === undefined ? node.closing : AbortSignal.any([hooks.signal, node.closing])
  const run = (flight: AbortSignal) =>
    node.track(
      withDeadline(node, cid, options.timeoutMs ?? node.config.fetchTimeoutMs, flight, (until) =>
        fetchOnce(node, cid, options, { ...hooks, signal: until }),
      ),
    )
  try {
    return await node.fetches.run(key, run, signal)
  } catch (error) {
    throw stopped(node, error)
  }
}

/** Brings what is missing of a contribution's artifacts: all, or those named. Throws why the first of them can't be had. */
export async function completeArtifacts(
  node: NodeContext,
  contribution: Contribution,
  names: readonly string[] | undefined,
  hooks: Pick<FetchHooks, 'signal' | 'onProgress'> = {},
): Promise<void> {
  const signal =
    hooks.signal === undefined ? node.closing : AbortSignal.any([hooks.signal, node.closing])
  const artifacts = names === undefined ? 'all' : [...names]
  await withDeadline(node, contribution.cid, node.config.fetchTimeoutMs, signal, async (until) => {
    const providers = await likelyProviders(node, contribution.cid)
    const { failures } = await fetchArtifacts(node, {
      contribution,
      artifacts,
      providers,
      signal: until,
      onProgress: hooks.onProgress,
    })
    for (const failure of failures.values()) throw failure
  })
}

/** An abort that says nothing of itself, as a typed error. */
function stopped(node: NodeContext, error: unknown): unknown {
  if (isGroveError(error) || !(error instanceof Error) || error.name !== 'AbortError') return error
  return new GroveError(node.closing.aborted ? 'shutting-down' : 'aborted', {}, { cause: error })
}

async function withDeadline<T>(
  node: NodeContext,
  cid: Cid,
  timeoutMs: number,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const cancel = node.clock.after(timeoutMs, () => {
    const message = `${cid} was not here after ${timeoutMs} ms`
    deadline.abort(new GroveError('fetch-timeout', { cid, timeoutMs }, { message }))
  })
  try {
    return await task(AbortSignal.any([signal, deadline.signal]))
  } catch (error) {
    if (deadline.signal.aborted && !signal.aborted) throw deadline.signal.reason
    throw error
  } finally {
    cancel()
  }
}

type Running = FetchHooks & { readonly signal: AbortSignal }

async function fetchOnce(
  node: NodeContext,
  cid: Cid,
  options: FetchOptions,
  hooks: Running,
): Promise<FetchResult> {
  try {
    const found = await locate(node, cid, options, hooks)
    return options.quote === true
      ? await quote(node, found, options, hooks.signal)
      : await fetchRest(node, found, options, hooks)
  } catch (error) {
    if (isGroveError(error) && error.code !== 'aborted' && error.code !== 'unwanted')
      node.events.publish({ type: 'fetch-failed', cid, code: error.code, message: error.message })
    throw error
  }
}

async function locate(
  node: NodeContext,
  cid: Cid,
  options: FetchOptions,
  { signal, accept, providers }: Running,
): Promise<Located> {
  const given = options.peer === undefined ? undefined : namedPeer(node, options.peer)
  const held = await node.contributions.get(cid)
  const obtained =
    held === undefined
      ? await fetchManifest(node, cid, { signal, given, providers, accept })
      : undefined
  const likely = await likelyProviders(node, cid)
  const known = [obtained?.peer, given, ...(providers ?? []), ...likely].filter(
    (peer) => peer !== undefined,
  )
  const rest = {
    sizes: obtained?.sizes,
    bytesMoved: obtained?.bytesMoved ?? 0,
    providers: unique(node, known),
  }
  if (obtained !== undefined)
    return { contribution: obtained.contribution, peer: obtained.peer, ...rest }
  if (held === undefined) throw new GroveError('absent', { cid })
  return { contribution: held, peer: undefined, ...rest }
}

async function fetchRest(
  node: NodeContext,
  found: Located,
  options: FetchOptions,
  hooks: Running,
): Promise<FetchResult> {
  const { contribution, peer, providers } = found
  const { signal } = hooks
  const request: ArtifactsRequest = {
    ...found,
    artifacts: options.artifacts,
    maxBytes: options.maxBytes,
    maxArtifactBytes: hooks.maxArtifactBytes,
    signal,
    onProgress: hooks.onProgress,
  }
  const depth = options.ancestors ?? ANCESTORS_DEFAULT
  const [artifacts, around] = await Promise.all([
    fetchArtifacts(node, request),
    fetchClosure(node, {
      contribution,
      depth,
      evidence: peer !== undefined,
      providers,
      signal,
      takeEvidence: hooks.takeEvidence,
    }),
  ])
  await store(node, found, around)
  return resultOf(found, artifacts, around)
}

/** Parents first, evidence last: a crash never leaves a child without a parent that was fetched. */
async function store(
  node: NodeContext,
  { contribution, peer }: Located,
  around: Closure,
): Promise<void> {
  const now = node.clock.now()
  const arrival = (item: Contribution, from: PeerAddress | undefined): Arrival[] =>
    from === undefined ? [] : [{ contribution: item, provenance: provenanceOf(from, now) }]
  await admitAll(node, [
    ...around.ancestors.flatMap((item) => arrival(item, around.sources.get(item.cid))),
    ...arrival(contribution, peer),
    ...around.evidence.flatMap((item) => arrival(item, around.sources.get(item.cid))),
  ])
  await noteStubs(node, [...around.missing.keys()], peer)
}

/** The nearest of those that nobody sent. The others are edges that dangle: they are asked about when somebody asks. */
async function noteStubs(
  node: NodeContext,
  missing: readonly Cid[],
  peer: PeerAddress | undefined,
): Promise<void> {
  if (missing.length === 0) return
  const room = STUBS_MAX - (await node.stubs.stubs(STUBS_MAX)).length
  for (const cid of missing.slice(0, Math.min(room, STUBS_MAX_PER_FETCH)))
    await node.stubs.putStub(cid, peer === undefined ? [] : [peer.peerId], node.clock.now())
}

function resultOf(
  { contribution, peer, bytesMoved }: Located,
  artifacts: ArtifactsOutcome,
  around: Closure,
): FetchResult {
  const verified = [
    ...around.ancestors,
    ...around.evidence,
    ...(peer === undefined ? [] : [contribution]),
  ]
  const missing: MissingItem[] = [
    ...[...artifacts.failures].map(([hash, error]) => ({ hash, reason: error.code })),
    ...[...around.missing].map(([cid, reason]) => ({ cid, reason })),
  ]
  return {
    contribution: viewOf(contribution),
    source:
      peer === undefined
        ? { local: true }
        : { peerId: peer.peerId, address: peer.address, local: false },
    bytesMoved: bytesMoved + artifacts.bytesMoved + around.bytesMoved,
    bytesVerified:
      artifacts.bytesVerified + verified.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    artifacts: artifacts.states,
    ancestors: around.present,
    missing,
  }
}
