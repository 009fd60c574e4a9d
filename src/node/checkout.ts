import type { Cid } from '../core/cid.ts'
import type { Contribution } from '../core/contribution/contribution.ts'
import { GroveError } from '../core/errors.ts'
import { type WorkspaceOptions, writeWorkspace } from '../workspace/workspace.ts'
import type { FetchContext } from './context.ts'
import { completeArtifacts, fetchRemoteContribution } from './fetch/fetch.ts'

export interface CheckoutRequest {
  readonly cid: Cid
  readonly directory: string
  /** Only these artifacts; all of them without. */
  readonly artifacts?: readonly string[]
}

export interface CheckoutResult {
  readonly cid: Cid
  readonly directory: string
  readonly files: readonly {
    readonly name: string
    readonly hash: Cid
    readonly sizeBytes: number
  }[]
}

/**
 * Brings a contribution's artifacts into a directory. What is missing here, up to the contribution
 * itself, is fetched first. Throws what `writeWorkspace` throws, `not-found`, and what a fetch
 * throws.
 */
export async function checkout(
  node: FetchContext,
  request: CheckoutRequest,
  options: WorkspaceOptions = {},
): Promise<CheckoutResult> {
  const contribution = await heldOrFetched(node, request.cid, options.signal)
  const names = chosen(contribution, request.artifacts)
  await completeArtifacts(
    node,
    contribution,
    names,
    options.signal === undefined ? {} : { signal: options.signal },
  )
  const files = await Promise.all(
    names.map(async (name) => {
      const hash = contribution.manifest.artifacts[name] as Cid
      const info = await node.blobs.stat(hash)
      if (info === undefined) throw new GroveError('blob-missing', { cid: request.cid, name, hash })
      return { name, hash, sizeBytes: info.sizeBytes }
    }),
  )
  const sources = files.map(({ name, hash }) => ({
    name,
    hash,
    open: (signal: AbortSignal | undefined) =>
      node.blobs.get(hash, signal === undefined ? {} : { signal }),
  }))
  await writeWorkspace(request.directory, sources, options)
  return { cid: request.cid, directory: request.directory, files }
}

async function heldOrFetched(
  node: FetchContext,
  cid: Cid,
  signal: AbortSignal | undefined,
): Promise<Contribution> {
  const held = await node.contributions.get(cid)
  if (held !== undefined) return held
  if (node.askable().length === 0)
    throw new GroveError(
      'not-found',
      { cid },
      { message: `Contribution ${cid} not found, and this grove has no peers to ask` },
    )
  await fetchRemoteContribution(node, cid, {}, signal === undefined ? {} : { signal })
  const fetched = await node.contributions.get(cid)
  if (fetched === undefined) throw new GroveError('not-found', { cid })
  return fetched
}

function chosen(
  { cid, manifest }: Contribution,
  names: readonly string[] | undefined,
): readonly string[] {
  if (names === undefined) return Object.keys(manifest.artifacts)
  const unknown = names.find((name) => !Object.hasOwn(manifest.artifacts, name))
  if (unknown !== undefined)
    throw new GroveError(
      'not-found',
      { cid, name: unknown },
      { message: `Artifact '${unknown}' not found in ${cid}` },
    )
  return names
}
