import type { Cid } from '../../core/cid.ts'
import type { ContributionView, Draft } from '../../core/contribution/schema.ts'
import { GroveError } from '../../core/errors.ts'
import {
  type WorkspaceFile,
  type WorkspaceOptions,
  writeWorkspace,
} from '../../workspace/workspace.ts'
import type { CallOptions, GroveApi } from './api.ts'

/** Uploads that are under way at once: they share the store's commits. */
const UPLOADS_MAX = 8

/** A file that is to become an artifact. */
export interface ArtifactFile {
  readonly name: string
  open(): AsyncIterable<Uint8Array>
}

export interface PublishOptions extends CallOptions {
  readonly onProgress?: (progress: { readonly name: string; readonly sentBytes: number }) => void
}

/** Uploads the files, then publishes the draft with them among its artifacts. Throws what `publish` throws; nothing is published then. */
export async function publishFiles(
  grove: GroveApi,
  draft: Draft,
  files: readonly ArtifactFile[],
  options: PublishOptions = {},
): Promise<ContributionView> {
  const { onProgress, ...call } = options
  const hashes: [string, Cid][] = []
  const waiting = [...files]
  const uploadRest = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { hash } = await grove.uploadBlob(watched(file, onProgress), call)
      hashes.push([file.name, hash])
    }
  }
  await Promise.all(Array.from({ length: Math.min(UPLOADS_MAX, files.length) }, uploadRest))
  return grove.publish(
    { ...draft, artifacts: { ...draft.artifacts, ...Object.fromEntries(hashes) } },
    call,
  )
}

async function* watched(
  { name, open }: ArtifactFile,
  onProgress: PublishOptions['onProgress'],
): AsyncGenerator<Uint8Array> {
  let sentBytes = 0
  for await (const chunk of open()) {
    sentBytes += chunk.byteLength
    yield chunk
    onProgress?.({ name, sentBytes })
  }
}

/** What a checkout wrote. */
export interface CheckedOut {
  readonly cid: Cid
  readonly directory: string
  readonly files: readonly {
    readonly name: string
    readonly hash: Cid
    readonly sizeBytes: number
  }[]
}

export interface CheckoutOptions extends WorkspaceOptions {
  /** Only these artifacts; all of them without. */
  readonly artifacts?: readonly string[]
}

/**
 * Brings a contribution's artifacts from a grove into a directory here; the grove fetches first what it lacks.
 * Throws what `writeWorkspace` throws, `fetch-incomplete` where nobody has all of it, and the errors of a fetch.
 */
export async function checkoutInto(
  grove: GroveApi,
  cid: Cid,
  directory: string,
  { artifacts, ...options }: CheckoutOptions = {},
): Promise<CheckedOut> {
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const fetched = await grove.fetchContribution(
    { cid, ancestors: 0, ...(artifacts === undefined ? {} : { artifacts: [...artifacts] }) },
    call,
  )
  if (fetched.missing.length > 0)
    throw new GroveError('fetch-incomplete', { cid, missing: fetched.missing })
  const chosen = fetched.artifacts.filter(
    ({ name }) => artifacts === undefined || artifacts.includes(name),
  )
  const files = chosen.map(({ name, hash, sizeBytes }) => ({ name, hash, sizeBytes }))
  await writeWorkspace(
    directory,
    files.map((file) => workspaceFile(grove, file)),
    options,
  )
  return { cid, directory, files }
}

function workspaceFile(
  grove: GroveApi,
  { name, hash }: { name: string; hash: Cid },
): WorkspaceFile {
  return {
    name,
    hash,
    open: async (signal) =>
      (await grove.blob({ hash }, signal === undefined ? {} : { signal })).body,
  }
}
