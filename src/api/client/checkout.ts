import type { Cid } from '../../core/cid.ts'
import { GroveError } from '../../core/errors.ts'
import {
  type WorkspaceFile,
  type WorkspaceOptions,
  writeWorkspace,
} from '../../workspace/workspace.ts'
import type { GroveApi } from './api.ts'

/** A file of a checkout. */
export interface CheckoutFile {
  readonly name: string
  readonly hash: Cid
  readonly sizeBytes: number
}

/** What a checkout wrote. */
export interface CheckoutResult {
  readonly cid: Cid
  readonly directory: string
  readonly files: readonly CheckoutFile[]
}

export interface CheckoutOptions extends WorkspaceOptions {
  /** Only these artifacts. Default: all. */
  readonly artifacts?: readonly string[]
  /** Called with all files, when the grove has them and before the first is written. */
  readonly onFiles?: (files: readonly CheckoutFile[]) => void
}

/**
 * Writes a contribution's artifacts into a local directory; the grove first fetches what it lacks.
 * Throws what `writeWorkspace` throws, the errors of a fetch, and `fetch-incomplete` if an artifact
 * can't be found.
 */
export async function checkoutInto(
  grove: GroveApi,
  cid: Cid,
  directory: string,
  { artifacts, onFiles, ...options }: CheckoutOptions = {},
): Promise<CheckoutResult> {
  const { signal } = options
  const chosen = artifacts && { artifacts: [...artifacts] }
  const fetched = await grove.fetchContribution(
    { cid, ancestors: 0, ...chosen },
    signal && { signal },
  )
  if (fetched.missing.length > 0)
    throw new GroveError('fetch-incomplete', { cid, missing: fetched.missing })
  const files = fetched.artifacts
    .filter(({ name }) => artifacts === undefined || artifacts.includes(name))
    .map(({ name, hash, sizeBytes }) => ({ name, hash, sizeBytes }))
  onFiles?.(files)
  const sources = files.map((file) => workspaceFile(grove, file))
  await writeWorkspace(directory, sources, options)
  return { cid, directory, files }
}

function workspaceFile(grove: GroveApi, { name, hash }: CheckoutFile): WorkspaceFile {
  return {
    name,
    hash,
    open: async (signal) => (await grove.blob({ hash }, signal && { signal })).body,
  }
}
