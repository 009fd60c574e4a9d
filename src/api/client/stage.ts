import { mapBounded } from '../../concurrency/semaphore.ts'
import { type Cid, CidHasher } from '../../core/cid.ts'
import type { ContributionView, Draft } from '../../core/contribution/schema.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { MISSING_MAX_HASHES } from '../../core/limits.ts'
import type { ByteSource } from '../../ports/blob-store.ts'
import type { CallOptions, GroveApi } from './api.ts'
import { ifKnown } from './older-server.ts'

/** Uploads at once; they share the store's commits. */
const UPLOADS_MAX = 8

/** A file to publish as an artifact. */
export interface ArtifactFile {
  readonly name: string
  /** What progress calls it. Default: its name, which in a pack says nothing to people. */
  readonly label?: string
  open(): ByteSource
  /** The source can be opened and read only once. */
  readonly isOnce?: boolean
}

/** Progress of all uploads together. */
export interface UploadProgress {
  /** The file that was sent from last. */
  readonly name: string
  readonly sentBytes: number
  /** Size of all files to send; undefined if it isn't known. */
  readonly totalBytes: number | undefined
}

/** Progress of reading all files, one after the other. */
export interface ReadingProgress {
  readonly name: string
  readonly readBytes: number
  /** Size of all files; undefined if that of one isn't known. */
  readonly totalBytes: number | undefined
}

export interface StageOptions {
  readonly signal?: AbortSignal
  /** Hash the files first and send only those that the grove lacks. Opens files twice. */
  readonly skipHeld?: boolean
  readonly onProgress?: (progress: UploadProgress) => void
  /** Files are read and hashed before they are sent, which for large ones takes a while. */
  readonly onReading?: (progress: ReadingProgress) => void
}

/** What was staged. */
export interface Staged {
  /** Hashes by file name. */
  readonly artifacts: Readonly<Record<string, Cid>>
  /** Size of all files, including those that the grove already held. */
  readonly totalBytes: number
}

/** A file whose hash is known. */
export interface Hashed {
  readonly file: ArtifactFile
  readonly hash: Cid
  readonly sizeBytes: number
}

/**
 * Stores files as blobs, which a contribution may then name as its artifacts. Throws
 * `storage-full`, what a source throws, and with `skipHeld` also `hash-mismatch` for a file that
 * changed meanwhile.
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

/**
 * Throws what a grove refuses a draft for, whose files are not sent yet. An older server doesn't
 * say it before.
 */
export async function checkDraft(
  grove: GroveApi,
  draft: Draft,
  options: CallOptions,
): Promise<void> {
  await ifKnown(grove.checkDraft(draft, options))
}

/**
 * Stages the files, then publishes the draft with them as artifacts. A draft that is refused sends
 * none. Throws what either step throws.
 */
export async function publishFiles(
  grove: GroveApi,
  draft: Draft,
  files: readonly ArtifactFile[],
  options: CallOptions = {},
): Promise<ContributionView> {
  if (files.length > 0) await checkDraft(grove, draft, options)
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
  await sendMissing(grove, hashed, options)
  return hashed
}

/** Stores those files that the grove lacks, each content once. Throws as `stageFiles`. */
export async function sendMissing(
  grove: GroveApi,
  hashed: readonly Hashed[],
  options: StageOptions,
): Promise<void> {
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
  return mapBounded(files, UPLOADS_MAX, async (file, ended) => {
    const until = signal === undefined ? ended : AbortSignal.any([signal, ended])
    let sentOfFile = 0
    const count = (bytes: number) => {
      sentBytes += bytes
      sentOfFile += bytes
      onProgress?.({ name: file.label ?? file.name, sentBytes, totalBytes: expected?.totalBytes })
    }
    const open = () => {
      sentBytes -= sentOfFile
      sentOfFile = 0
      return onProgress === undefined ? file.open() : counted(file.open(), count)
    }
    const expect = expected?.hashOf.get(file.name)
    const info = await grove
      .uploadBlob(file.isOnce === true ? open() : open, {
        signal: until,
        ...(expect && { expect }),
      })
      .catch((cause: unknown) => Promise.reject(changed(file, expect, cause)))
    return { file, ...info }
  })
}

/** The error of an upload; a wrong hash of a file means that the file changed. */
function changed({ name }: ArtifactFile, expected: Cid | undefined, cause: unknown): unknown {
  if (expected === undefined || !isGroveError(cause, 'hash-mismatch')) return cause
  // A source that noticed it says which file it was: one of many in this one, perhaps.
  if (cause.details.name !== undefined) return cause
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
