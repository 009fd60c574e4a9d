import { once } from 'node:events'
import { Busboy, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy'
import { isJsonObject } from '../../core/canonical.ts'
import type { Cid } from '../../core/cid.ts'
import { isName, isPath, nameOf } from '../../core/contribution/names.ts'
import { GroveError, isGroveError } from '../../core/errors.ts'
import { ARTIFACTS_MAX, MANIFEST_MAX_BYTES } from '../../core/limits.ts'
import type { StagedArtifacts } from '../../node/publish.ts'
import { parseDraft } from './body.ts'
import type { ApiRequest } from './request.ts'

const ARTIFACT_PREFIX = 'artifact:'
/** Bytes of a part that are buffered for the store. */
const PART_BUFFER_BYTES = 256 * 1024
/** Bytes that are parsed at once: they may hold a hundred parts, each of which is staged. */
const PIECE_BYTES = 8 * 1024

/** Files in a shorter body wait in memory until they are published: a refused draft stores none. */
const UNCHECKED_MAX_BYTES = 64 * 1024

export interface MultipartContext {
  readonly staged: StagedArtifacts
  readonly request: ApiRequest
  /** Throws what a draft is refused for, whatever its files are. */
  check(draft: unknown): Promise<void>
}

/** Whether the body is multipart/form-data. */
export function isMultipart(request: ApiRequest): boolean {
  return request.header('content-type')?.toLowerCase().startsWith('multipart/form-data') === true
}

/**
 * Reads a draft and its artifacts, in any order: the part `manifest` (JSON) and parts
 * `artifact:<name>`, each staged as it comes and then named in the draft. What is no name there is
 * taken as a path. What comes after the draft in a long body is staged only if `check` throws
 * nothing. Publishes nothing.
 * Throws `validation-error`, `manifest-too-large`, `hash-mismatch`, `storage-full`, `aborted`, and
 * what `check` throws.
 */
export async function readMultipart(
  { staged, request, check }: MultipartContext,
  body: AsyncIterable<Uint8Array>,
): Promise<unknown> {
  const isShort = Number(request.header('content-length')) <= UNCHECKED_MAX_BYTES
  const parts = new Parts(staged, isShort ? undefined : check, request.signal)
  const form = openForm(request)
  form.on('file', (name, part) => parts.take(name, part))
  form.on('error', (cause) =>
    parts.stop(invalid(`the multipart body is broken: ${(cause as Error).message}`, cause)),
  )
  form.on('partsLimit', () => parts.stop(invalid(`more than ${ARTIFACTS_MAX} artifacts`)))
  const finished = once(form, 'finish', { signal: parts.stopped }).catch(() => {})
  let isFirst = true
  try {
    for await (const chunk of body) {
      for (const piece of piecesOf(chunk)) {
        await staged.breathe(isFirst)
        isFirst = false
        parts.stopped.throwIfAborted()
        if (!form.write(piece)) await once(form, 'drain', { signal: parts.stopped })
      }
    }
    form.end()
    await finished
    parts.requireAll(partsMet(form))
    return await parts.draft()
  } catch (cause) {
    parts.stop(cause)
    throw isGroveError(parts.stopped.reason) ? parts.stopped.reason : cause
  }
}

function* piecesOf(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES)
    yield chunk.subarray(at, at + PIECE_BYTES)
}

function openForm(request: ApiRequest) {
  try {
    return new Busboy({
      headers: { 'content-type': request.header('content-type') ?? '' },
      isPartAFile: () => true,
      fileHwm: PART_BUFFER_BYTES,
      preservePath: true,
      limits: { parts: ARTIFACTS_MAX + 1, headerPairs: 20, headerSize: 16 * 1024 },
    })
  } catch (cause) {
    throw invalid(`the multipart body can't be read: ${(cause as Error).message}`, cause)
  }
}

/**
 * How many parts a form has had. Busboy says it nowhere, and skips those whose name it can't read:
 * what came in them would be missing without a word.
 */
const partsMet = (form: BusboyInstance): number =>
  (form as unknown as { _parser: { _nparts: number } })._parser._nparts

/** The parts of one form as they are read and staged. The first failure stops all. */
class Parts {
  readonly #staged: StagedArtifacts
  readonly #check: MultipartContext['check'] | undefined
  readonly #artifacts = new Map<string, Promise<Cid>>()
  readonly #stop = new AbortController()
  #manifest: Promise<unknown> | undefined
  #checked: Promise<void> | undefined
  #taken = 0
  #current: BusboyFileStream | undefined

  /** Without `check`, all files are staged. */
  constructor(
    staged: StagedArtifacts,
    check: MultipartContext['check'] | undefined,
    signal: AbortSignal,
  ) {
    this.#staged = staged
    this.#check = check
    signal.addEventListener('abort', () => this.stop(signal.reason), { once: true })
  }

  get stopped(): AbortSignal {
    return this.#stop.signal
  }

  stop(reason: unknown): void {
    this.#stop.abort(reason)
    this.#current?.destroy(reason as Error)
  }

  take(field: string | undefined, part: BusboyFileStream): void {
    this.#taken += 1
    this.#current = part
    part.on('error', (error) => this.stop(error))
    try {
      if (field === undefined) throw nameless()
      if (field === 'manifest') this.#takeManifest(part)
      else this.#takeArtifact(nameIn(field), part)
    } catch (error) {
      this.stop(error)
    }
  }

  /** Throws `validation-error` if there were parts that did not come here. */
  requireAll(met: number): void {
    this.stopped.throwIfAborted()
    if (met !== this.#taken) throw nameless()
  }

  #takeManifest(part: BusboyFileStream): void {
    if (this.#manifest !== undefined) throw invalid('the part "manifest" is there twice')
    this.#manifest = this.#watched(readManifest(part))
  }

  #takeArtifact(name: string, part: BusboyFileStream): void {
    if (this.#artifacts.has(name))
      throw invalid(`the part "${ARTIFACT_PREFIX}${name}" is there twice`)
    if (this.#manifest !== undefined && this.#check !== undefined)
      this.#checked ??= checkedDraft(this.#manifest, this.#check)
    const stage = () => this.#staged.stage(part, { signal: this.stopped })
    this.#artifacts.set(name, this.#watched(this.#checked?.then(stage) ?? stage()))
  }

  #watched<T>(task: Promise<T>): Promise<T> {
    task.catch((error: unknown) => this.stop(error))
    return task
  }

  /** The draft, once all parts are complete. */
  async draft(): Promise<unknown> {
    this.stopped.throwIfAborted()
    if (this.#manifest === undefined) throw invalid('the part "manifest" is missing')
    const manifest = await this.#manifest
    const stored = await Promise.all(
      [...this.#artifacts].map(async ([name, hash]) => [name, await hash] as const),
    )
    if (!isJsonObject(manifest) || stored.length === 0) return manifest
    const { artifacts: named = {} } = manifest
    // What is no table of names is left for sealing to refuse, as in a draft without files.
    if (!isJsonObject(named)) return manifest
    checkNamed(named, stored)
    return { ...manifest, artifacts: { ...named, ...Object.fromEntries(stored) } }
  }
}

/** Resolves if files that come from now on are worth being read. */
async function checkedDraft(
  manifest: Promise<unknown>,
  check: MultipartContext['check'],
): Promise<void> {
  const draft = await manifest
  // What is no draft at all is refused when it is published, as one without files is.
  if (isJsonObject(draft)) await check(draft)
}

/** If the manifest names an artifact that was also sent, both must have the same hash. */
function checkNamed(
  named: Readonly<Record<string, unknown>>,
  stored: readonly (readonly [string, Cid])[],
): void {
  for (const [name, actual] of stored) {
    const expected = Object.hasOwn(named, name) ? named[name] : actual
    if (expected !== actual) throw new GroveError('hash-mismatch', { name, expected, actual })
  }
}

const nameless = () =>
  invalid('a part has no name: each needs content-disposition: form-data; name="…", on one line')

function nameIn(field: string): string {
  const name = field.startsWith(ARTIFACT_PREFIX) ? field.slice(ARTIFACT_PREFIX.length) : undefined
  if (name === undefined)
    throw invalid(
      `unknown part "${field.slice(0, 100)}": parts are "manifest" and "${ARTIFACT_PREFIX}<name>"`,
    )
  if (isName(name)) return name
  const escaped = nameOf(name)
  if (isPath(name) && isName(escaped)) return escaped
  throw invalid(`artifact name "${name.slice(0, 300)}": it is no relative path, or too long`)
}

async function readManifest(part: BusboyFileStream): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of part as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.byteLength
    if (sizeBytes > MANIFEST_MAX_BYTES)
      throw new GroveError('manifest-too-large', { maxBytes: MANIFEST_MAX_BYTES })
    chunks.push(chunk)
  }
  return parseDraft(Buffer.concat(chunks))
}

function invalid(message: string, cause?: unknown): GroveError {
  return new GroveError(
    'validation-error',
    {},
    cause === undefined ? { message } : { message, cause },
  )
}
