import { inTurns } from '../concurrency/in-turns.ts'
import type { Cid } from '../core/cid.ts'
import { type Contribution, sealingSteps } from '../core/contribution/contribution.ts'
import type { Draft } from '../core/contribution/schema.ts'
import { treeOf } from '../core/contribution/tree.ts'
import { GroveError, isGroveError } from '../core/errors.ts'
import type { BlobInfo, ByteSource, PendingBlob, PutOptions } from '../ports/blob-store.ts'
import { admit } from './admit.ts'
import type { FetchContext, ReadContext } from './context.ts'
import { fetchRemoteContribution } from './fetch/fetch.ts'
import { requirePack } from './read/packs.ts'
import { requireCounted, requireKnownForms, requireKnownResults } from './read/publish-checks.ts'

/** Who calls from this process. */
const LOCAL = 'local'
/** How long a publish may wait for a relation's target to be fetched. */
const TARGET_TIMEOUT_MS = 10_000

export interface CheckOptions {
  readonly signal?: AbortSignal
  /** Whether scores that are meant otherwise than here are refused. Default: they aren't. */
  readonly checks?: boolean
  /** Waits until long work may go on. Default: as `breathe`. */
  readonly turn?: () => Promise<void> | undefined
}

export interface PublishOptions extends CheckOptions {
  /** Whether the author is on this machine: see `Provenance.own`. */
  readonly isLocal?: boolean
  /** Artifacts that came with the draft and are stored with it. */
  readonly pending?: readonly PendingBlob[]
  /** The caller's host, by which callers take turns. Default: this process. */
  readonly caller?: string
}

export interface Published {
  readonly contribution: Contribution
  /** False where the very same manifest was here already. */
  readonly added: boolean
}

/**
 * Stores an artifact's bytes, so that a manifest may name them. Throws `hash-mismatch`,
 * `too-large`, `storage-full`.
 */
export function stageArtifact(
  node: FetchContext,
  source: ByteSource,
  options: PutOptions = {},
): Promise<BlobInfo> {
  return node.blobs.put(source, { caller: LOCAL, ...options })
}

/** Pending blobs of one draft, in all: they are in memory until it is published. */
const PENDING_MAX_BYTES = 1024 * 1024

/** Artifacts that are staged for one draft. The small ones wait to be stored together with it. */
export class StagedArtifacts {
  readonly pending: PendingBlob[] = []
  readonly #node: FetchContext
  readonly #caller: Pick<PutOptions, 'caller'>
  #bytes = 0

  /** `caller`: as of `PutOptions`. */
  constructor(node: FetchContext, caller: Pick<PutOptions, 'caller'> = { caller: LOCAL }) {
    this.#node = node
    this.#caller = caller
  }

  /** Lets others have the thread, between the steps of reading many of them. */
  breathe(isBrief: boolean): Promise<void> | undefined {
    return this.#node.breathe(isBrief)
  }

  /** Throws as `stageArtifact` does. */
  async stage(source: ByteSource, options: PutOptions = {}): Promise<Cid> {
    const { hash, pending } = await this.#node.blobs.stage(source, options)
    if (pending === undefined) return hash
    this.#bytes += pending.bytes.byteLength
    if (this.#bytes <= PENDING_MAX_BYTES) this.pending.push(pending)
    else await this.#node.blobs.put(pending.bytes, this.#caller)
    return hash
  }
}

type PublishContext = FetchContext & Pick<ReadContext, 'breathe' | 'packs'>

/**
 * Throws what `publish` would throw of a draft, whose files may still be missing: they are looked
 * at neither as a tree nor as a pack. So who has large files to send learns first whether they are
 * taken.
 */
export async function checkDraft(
  node: PublishContext,
  draft: Draft,
  options: CheckOptions = {},
): Promise<void> {
  const contribution = await sealed(node, draft, options)
  await requireArtifacts(node, contribution, [])
  await requireTargets(node, contribution, options.signal)
}

/**
 * Publishes a draft: seal → check → admit. When it resolves, the contribution is durable. The
 * target of a relation that is not here is fetched first, where this grove has peers. Throws what
 * `sealDraft` throws, `validation-error` (artifacts that one directory can't hold, a pack that
 * can't be read), `artifact-missing`, `relation-target-missing`, `storage-full`, and with `checks`
 * also `metric-conflict`.
 */
export async function publish(
  node: PublishContext,
  draft: Draft,
  options: PublishOptions = {},
): Promise<Published> {
  const { pending = [], caller = LOCAL } = options
  const contribution = await sealed(node, draft, options)
  await requireArtifacts(node, contribution, pending)
  await requirePack(node, contribution, pending)
  await requireTargets(node, contribution, options.signal)
  options.signal?.throwIfAborted()
  const own = options.isLocal === true ? ({ own: true } as const) : {}
  const provenance = { origin: 'local', ...own, receivedAt: node.clock.now() } as const
  const outcome = await admit(node, { contribution, provenance, pending, caller })
  return { contribution, added: outcome === 'added' }
}

/** The draft, sealed, if nothing is wrong with it by itself. */
async function sealed(
  node: PublishContext,
  draft: Draft,
  { checks = false, turn = () => node.breathe(true) }: CheckOptions,
): Promise<Contribution> {
  await turn()
  const contribution = await inTurns(sealingSteps(draft, node.clock.now()), turn)
  await turn()
  requireTree(contribution)
  requireKnownResults(contribution)
  if (checks) {
    requireCounted(contribution)
    await requireKnownForms(node, contribution)
  }
  return contribution
}

function requireTree({ manifest }: Contribution): void {
  const { conflicts } = treeOf(manifest)
  if (conflicts.length === 0) return
  const names = conflicts.map((name) => `'${name}'`).join(', ')
  const message =
    `one directory can't hold these artifacts beside the others: ${names}. A name must not be ` +
    `another's folder, nor have a component "." or one of more than 255 bytes`
  throw new GroveError('validation-error', { names: conflicts }, { message })
}

async function requireArtifacts(
  node: FetchContext,
  { manifest }: Contribution,
  pending: readonly PendingBlob[],
): Promise<void> {
  const coming = new Set(pending.map(({ hash }) => hash))
  const artifacts = Object.entries(manifest.artifacts).filter(([, hash]) => !coming.has(hash))
  if (artifacts.length === 0) return
  const missing = new Set(await node.blobs.missing(artifacts.map(([, hash]) => hash)))
  const lost = artifacts.find(([, hash]) => missing.has(hash))
  if (lost === undefined) return
  const [name, hash] = lost
  throw new GroveError(
    'artifact-missing',
    { name, hash },
    { message: `Artifact '${name}' references non-existent hash: ${hash}` },
  )
}

async function requireTargets(
  node: FetchContext,
  { manifest }: Contribution,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (manifest.relations.length === 0) return
  const targets = new Set(manifest.relations.map((relation) => relation.targetCid))
  for (const cid of await node.contributions.missing([...targets]))
    await fetchTarget(node, cid, signal)
}

async function fetchTarget(
  node: FetchContext,
  cid: Cid,
  signal: AbortSignal | undefined,
): Promise<void> {
  const peers = node.askable()
  try {
    if (peers.length === 0) throw new GroveError('absent', { cid })
    await fetchRemoteContribution(
      node,
      cid,
      { artifacts: 'none', ancestors: 0, timeoutMs: TARGET_TIMEOUT_MS },
      signal === undefined ? {} : { signal },
    )
  } catch (cause) {
    if (!isGroveError(cause) || cause.kind.blame === 'self' || signal?.aborted === true) throw cause
    throw targetMissing(
      cid,
      peers.map((peer) => peer.address),
      cause,
    )
  }
}

function targetMissing(cid: Cid, peersAsked: readonly string[], cause: GroveError): GroveError {
  const asked =
    peersAsked.length === 0 ? 'this grove has no peers to ask' : `asked ${peersAsked.join(', ')}`
  return new GroveError(
    'relation-target-missing',
    { cid, peersAsked, why: cause.code },
    { cause, message: `Contribution not found: ${cid} (${asked})` },
  )
}
