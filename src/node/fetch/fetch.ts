import type { Cid } from '../../core/cid.ts'
import { type Contribution, viewOf } from '../../core/contribution/contribution.ts'
import { type GroveError, isGroveError } from '../../core/errors.ts'
import type { PeerAddress } from '../../core/peers/peer.ts'
import type { FetchOptions, FetchResult, MissingItem } from '../../core/wire/fetch.ts'
import { type Admission, admitAll, provenanceOf } from '../admit.ts'
import type { FetchContext, TransferProgress } from '../context.ts'
import { neutralError } from '../peers/neutral.ts'
import { alongFor } from './along.ts'
import { type ArtifactsOutcome, type ArtifactsRequest, fetchArtifacts } from './artifacts.ts'
import { type Closure, fetchClosure } from './closure.ts'
import { stopped, untilClosing, withDeadline } from './deadline.ts'
import { type Located, locate, sourceOf } from './locate.ts'
import type { Accept } from './manifest.ts'
import { quote } from './quote.ts'

const ANCESTORS_DEFAULT = 1
/** Stubs noted for one fetch: a manifest may name a thousand inventions as parents. */
const STUBS_MAX_PER_FETCH = 64

export interface FetchHooks {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: TransferProgress) => void
}

/** The terms of background sync. */
export interface WantedHooks extends FetchHooks {
  /** Asked instead of whoever is likely. */
  readonly providers: readonly PeerAddress[]
  /** The largest artifact that is taken. */
  readonly maxArtifactBytes: number
  /** Whether one more item of evidence, of so many bytes, is taken from that address. */
  readonly takeEvidence: (address: string, sizeBytes: number) => boolean
  /** Asked before anything is stored. */
  readonly accept?: Accept
}

/**
 * Brings a contribution here: manifest, artifacts, ancestors and evidence, each verified before it
 * is stored (BEHAVIOUR.md#fetch). Fetches of one item share its manifest and its blobs; equal ones
 * whose callers don't watch the progress are one fetch. What could not be had is in `missing`.
 * Throws where nothing was obtained, with `peersAsked`: `absent`, `gone`, `refused`,
 * `fetch-bad-bytes`, the codes of a malformed manifest, `fetch-timeout`, `peer-unreachable`,
 * `peer-fault`, `resource-exhausted`, …; and `not-found` for an unknown peer or
 * artifact name.
 */
export async function fetchRemoteContribution(
  node: FetchContext,
  cid: Cid,
  options: FetchOptions = {},
  hooks: FetchHooks = {},
): Promise<FetchResult> {
  const signal = untilClosing(node, hooks.signal)
  try {
    return hooks.onProgress === undefined
      ? await fetchOrJoin(node, cid, options, signal)
      : await fetchInTime(node, cid, options, { ...hooks, signal })
  } catch (error) {
    throw stopped(node, error)
  }
}

/**
 * Who joined a fetch that ran out of its time before that of the joiner goes on with what is left.
 */
async function fetchOrJoin(
  node: FetchContext,
  cid: Cid,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<FetchResult> {
  const key = JSON.stringify([cid, options])
  const dueAt = node.clock.now() + (options.timeoutMs ?? node.config.fetchTimeoutMs)
  for (;;) {
    const joined = node.fetches.has(key)
    const isOver = () => !joined || signal.aborted || node.clock.now() >= dueAt
    const run = (flight: AbortSignal) => {
      const timeoutMs = dueAt - node.clock.now()
      return fetchInTime(node, cid, { ...options, timeoutMs }, { signal: flight })
    }
    try {
      const result = await node.fetches.run(key, run, signal)
      if (isOver() || !result.missing.some(({ reason }) => reason === 'fetch-timeout'))
        return result
    } catch (error) {
      if (isOver() || !isGroveError(error, 'fetch-timeout')) throw error
    }
  }
}

/** The same on the terms of background sync, which are nobody else's. */
export async function fetchWanted(
  node: FetchContext,
  cid: Cid,
  options: FetchOptions,
  hooks: WantedHooks,
): Promise<FetchResult> {
  const signal = untilClosing(node, hooks.signal)
  try {
    return await fetchInTime(node, cid, options, { ...hooks, signal, isUnasked: true })
  } catch (error) {
    throw stopped(node, error)
  }
}

interface Running extends FetchHooks, Partial<WantedHooks> {
  readonly signal: AbortSignal
  readonly isUnasked?: boolean
}

function fetchInTime(
  node: FetchContext,
  cid: Cid,
  options: FetchOptions,
  hooks: Running,
): Promise<FetchResult> {
  const timeoutMs = options.timeoutMs ?? node.config.fetchTimeoutMs
  const fetching = withDeadline(node, { cid, timeoutMs, signal: hooks.signal }, (signal) =>
    fetchOnce(node, cid, options, { ...hooks, signal }),
  )
  return node.track(fetching)
}

async function fetchOnce(
  node: FetchContext,
  cid: Cid,
  options: FetchOptions,
  hooks: Running,
): Promise<FetchResult> {
  let found: Located | undefined
  try {
    const depth = options.ancestors ?? ANCESTORS_DEFAULT
    const along = alongFor({ ...options, depth, maxArtifactBytes: hooks.maxArtifactBytes })
    found = await locate(node, cid, { ...hooks, named: options.peer, along })
    return options.quote === true
      ? await quote(node, found, options, hooks.signal)
      : await fetchRest(node, found, options, hooks)
  } catch (error) {
    if (isGroveError(error) && error.code !== 'aborted' && error.code !== 'unwanted')
      tellFailed(node, cid, error)
    throw error
  } finally {
    found?.release()
  }
}

async function fetchRest(
  node: FetchContext,
  found: Located,
  options: FetchOptions,
  hooks: Running,
): Promise<FetchResult> {
  const { contribution, peer, providers, along } = found
  const { signal } = hooks
  const request: ArtifactsRequest = {
    ...found,
    artifacts: options.artifacts,
    maxBytes: options.maxBytes,
    maxArtifactBytes: hooks.maxArtifactBytes,
    isUnasked: hooks.isUnasked,
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
      replies: true,
      providers,
      signal,
      takeEvidence: hooks.takeEvidence,
      came: peer && along && { ...along, peer },
    }),
  ])
  await store(node, found, artifacts, around)
  return resultOf(found, artifacts, around)
}

/** Parents first, evidence last: a crash never leaves a child without a parent that was fetched. */
async function store(
  node: FetchContext,
  { contribution, peer }: Located,
  { pending }: ArtifactsOutcome,
  around: Closure,
): Promise<void> {
  const arrival = (item: Contribution, from: PeerAddress | undefined): Admission[] =>
    from === undefined ? [] : [{ contribution: item, provenance: provenanceOf(node, from) }]
  await admitAll(node, [
    ...around.ancestors.flatMap((item) => arrival(item, around.sources.get(item.cid))),
    ...arrival(contribution, peer).map((item) => ({ ...item, pending })),
    ...around.evidence.flatMap((item) => arrival(item, around.sources.get(item.cid))),
  ])
  await noteStubs(node, [...around.missing.keys()], peer)
}

/** Notes the nearest missing ancestors as stubs. The others stay edges that dangle. */
async function noteStubs(
  node: FetchContext,
  missing: readonly Cid[],
  peer: PeerAddress | undefined,
): Promise<void> {
  for (const cid of missing.slice(0, STUBS_MAX_PER_FETCH))
    await node.stubs.putStub(cid, peer === undefined ? [] : [peer.peerId], node.clock.now())
}

function resultOf(found: Located, artifacts: ArtifactsOutcome, around: Closure): FetchResult {
  const { contribution, peer, bytesMoved } = found
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
    source: sourceOf(found),
    bytesMoved: bytesMoved + artifacts.bytesMoved + around.bytesMoved,
    bytesVerified:
      artifacts.bytesVerified + verified.reduce((sum, { bytes }) => sum + bytes.byteLength, 0),
    artifacts: artifacts.states,
    ancestors: around.present,
    missing,
    ...(around.rest.next !== undefined && { moreEvidence: true as const }),
  }
}

/** Events go to anybody, and so say no more than callers on other machines are told. */
function tellFailed(node: FetchContext, cid: Cid, error: GroveError): void {
  const told = neutralError(error)
  const { code, message } = isGroveError(told) ? told : error
  node.events.publish({ type: 'fetch-failed', cid, code, message })
}
