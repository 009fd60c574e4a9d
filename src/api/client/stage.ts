import { mapBounded } from '../../concurrency/semaphore.ts'
import { type Cid, CidHasher } from '../../core/cid.ts'
import type { ContributionView, Draft } from '../../core/contribution/schema.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { MISSING_MAX_HASHES } from '../../core/limits.ts'
import type { ByteSource } from '../../ports/blob-store.ts'
import type { CallOptions, GroveApi } from './api.ts'

/** Uploads under way at once: they share the store's commits. */
const UPLOADS_MAX = 8

/** A file that is to become an artifact. */
export interface ArtifactFile {
  readonly name: string
  open(): ByteSource
}

/** How far the uploads have come. */
export interface UploadProgress {
  /** The file whose bytes were sent last. */
  readonly name: string
  /** Of all files together. */
  readonly sentBytes: number
  /** Of all files that have to be sent; undefined where that is not known before the end. */
  readonly totalBytes: number | undefined
}

export interface StageOptions {
  readonly signal?: AbortSignal
  /** Hash the files first and send only those that the grove lacks. Each may then be opened twice. */
  readonly skipHeld?: boolean
  readonly onProgress?: (progress: UploadProgress) => void
}

/** The hashes of the staged files, by name. */
export interface Staged {
  readonly artifacts: Readonly<Record<string, Cid>>
  /** Of all files, those included that the grove held. */
  readonly totalBytes: number
}

interface Hashed {
  readonly file: ArtifactFile
  readonly hash: Cid
  readonly sizeBytes: number
}

/**
 * Stores files as blobs, so that a contribution may name them as its artifacts. Throws `storage-full`, what a source throws,
 * and, with `skipHeld`, `hash-mismatch` for a file that changes meanwhile.
 */
export async function stageFiles(
  grove: GroveApi,
  files: readonly ArtifactFile[],
  options: StageOptions = {},
): Promise<Staged> {
  const staged =
    options.skipHeld === true
      ? await stageMissing(grove, files, options)
      : await sendAll(grove, files, undefined, options)
  return {
    artifacts: Object.fromEntries(staged.map(({ file, hash }) => [file.name, hash])),
    totalBytes: staged.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
  }
}

/** Stages the files, then publishes the draft with them among its artifacts. Throws what both throw; nothing is published then. */
export async function publishFiles(
  grove: GroveApi,
  draft: Draft,
  files: readonly ArtifactFile[],
  options: CallOptions = {},
): Promise<ContributionView> {
  const { artifacts } = await stageFiles(grove, files, options)
  return grove.publish({ ...draft, artifacts: { ...draft.artifacts, ...artifacts } }, options)
}

async function stageMissing(
  grove: GroveApi,
  files: readonly ArtifactFile[],
  options: StageOptions,
): Promise<readonly Hashed[]> {
  const hashed: Hashed[] = []
  for (const file of files) hashed.push(await hashedFile(file, options.signal))
  const missing = await missingAmong(grove, [...new Set(hashed.map(({ hash }) => hash))], options)
  const lacking = hashed.filter(({ hash }) => missing.has(hash))
  const wanted = [...new Map(lacking.map((item) => [item.hash, item])).values()]
  const hashOf = new Map(wanted.map(({ file, hash }) => [file.name, hash]))
  const totalBytes = wanted.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
  await sendAll(
    grove,
    wanted.map(({ file }) => file),
    { hashOf, totalBytes },
    options,
  )
  return hashed
}

async function hashedFile(file: ArtifactFile, signal: AbortSignal | undefined): Promise<Hashed> {
  const hasher = new CidHasher()
  let sizeBytes = 0
  for await (const chunk of chunksOf(file.open())) {
    signal?.throwIfAborted()
    hasher.update(chunk)
    sizeBytes += chunk.byteLength
  }
  return { file, hash: hasher.digest(), sizeBytes }
}

async function missingAmong(
  grove: GroveApi,
  hashes: readonly Cid[],
  { signal }: StageOptions,
): Promise<Set<Cid>> {
  const missing = new Set<Cid>()
  for (let start = 0; start < hashes.length; start += MISSING_MAX_HASHES) {
    const page = hashes.slice(start, start + MISSING_MAX_HASHES)
    const answer = await grove.missingBlobs({ hashes: page }, signal && { signal })
    for (const hash of answer.missing) missing.add(hash)
  }
  return missing
}

interface Expected {
  /** By file name. */
  readonly hashOf: ReadonlyMap<string, Cid>
  readonly totalBytes: number
}

function sendAll(
  grove: GroveApi,
  files: readonly ArtifactFile[],
  expected: Expected | undefined,
  { signal, onProgress }: StageOptions,
): Promise<Hashed[]> {
  let sentBytes = 0
  return mapBounded(files, UPLOADS_MAX, async (file) => {
    const count = (bytes: number) => {
      sentBytes += bytes
      onProgress?.({ name: file.name, sentBytes, totalBytes: expected?.totalBytes })
    }
    const given = file.open()
    const source = onProgress === undefined ? given : counted(given, count)
    const expect = expected?.hashOf.get(file.name)
    const info = await grove
      .uploadBlob(source, { ...(signal && { signal }), ...(expect && { expect }) })
      .catch((cause: unknown) => Promise.reject(changed(file, expect, cause)))
    return { file, ...info }
  })
}

/** What went wrong with an upload, told as what it means for the user where that is known. */
function changed({ name }: ArtifactFile, expected: Cid | undefined, cause: unknown): unknown {
  if (expected === undefined || !isGroveError(cause, 'hash-mismatch')) return cause
  const message = `${name} changed while it was being read: contribute it again`
  return new GroveError('hash-mismatch', { ...cause.details, name }, { cause, message })
}

async function* counted(
  source: ByteSource,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunksOf(source)) {
    count(chunk.byteLength)
    yield chunk
  }
}

function chunksOf(source: ByteSource): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  return source instanceof Uint8Array ? [source] : source
}
