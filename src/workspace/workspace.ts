import { createWriteStream } from 'node:fs'
import { lstat, mkdir, mkdtemp, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Cid, CidHasher } from '../core/cid.ts'
import { artifactNameSchema } from '../core/contribution/schema.ts'
import { errnoOf, storageError } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'

/** A file to write into a workspace. */
export interface WorkspaceFile {
  /** Its path inside the workspace. */
  readonly name: string
  /** The hash that its bytes must have. */
  readonly hash: Cid
  /** Opens the stream of its bytes. */
  open(signal: AbortSignal | undefined): Promise<AsyncIterable<Uint8Array>>
}

/** How a workspace is written. */
export interface WorkspaceOptions {
  /** Write into a directory that isn't empty, and replace files of the same names. */
  readonly overwrite?: boolean
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly name: string; readonly writtenBytes: number }) => void
}

/**
 * Writes files into a directory. Each is hashed on the way, and appears complete or not at all. A
 * new or empty directory appears with all its files in one step. No name and no symbolic link leads
 * out of the directory. Throws `directory-not-empty`, `validation-error` (a name), `refused` (a
 * link), `hash-mismatch`, `storage-full`, `read-only`, `storage-failed`.
 */
export async function writeWorkspace(
  directory: string,
  files: readonly WorkspaceFile[],
  options: WorkspaceOptions = {},
): Promise<void> {
  const target = resolve(directory)
  checkNames(files)
  const found = await inspect(target)
  if (found === 'occupied' && options.overwrite !== true) throw notEmpty(target)
  try {
    await mkdir(dirname(target), { recursive: true })
    const staging = await mkdtemp(join(dirname(target), '.grove-checkout-'))
    try {
      for (const file of files) await stage(staging, file, options)
      if (found === 'occupied') await moveEach(staging, target, files)
      else await appear(staging, target, found === 'empty')
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  } catch (cause) {
    options.signal?.throwIfAborted()
    throw storageError(cause, { directory: target })
  }
}

function notEmpty(directory: string): GroveError {
  return new GroveError(
    'directory-not-empty',
    { directory },
    {
      message: `${directory} is not empty: name another directory, or use the option overwrite`,
    },
  )
}

/** Checks that every name is safe, and that no name is both a file and a folder. */
function checkNames(files: readonly WorkspaceFile[]): void {
  const names = new Set(files.map((file) => file.name))
  for (const name of names) {
    if (!artifactNameSchema.safeParse(name).success)
      throw invalidName(name, 'is not a valid artifact name')
    const parts = name.split('/')
    for (let end = 1; end < parts.length; end++) {
      const folder = parts.slice(0, end).join('/')
      if (names.has(folder))
        throw invalidName(name, `needs ${folder} to be a folder, but it is an artifact too`)
    }
  }
}

function invalidName(name: string, why: string): GroveError {
  return new GroveError('validation-error', { name }, { message: `'${name}' ${why}` })
}

async function inspect(directory: string): Promise<'absent' | 'empty' | 'occupied'> {
  try {
    return (await readdir(directory)).length === 0 ? 'empty' : 'occupied'
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return 'absent'
    if (errnoOf(cause) === 'ENOTDIR') throw notEmpty(directory)
    throw storageError(cause, { directory })
  }
}

async function stage(
  staging: string,
  file: WorkspaceFile,
  { signal, onProgress }: WorkspaceOptions,
): Promise<void> {
  const path = join(staging, file.name)
  const hasher = new CidHasher()
  let writtenBytes = 0
  await mkdir(dirname(path), { recursive: true })
  const source = await file.open(signal)
  const watched = async function* () {
    for await (const chunk of source) {
      hasher.update(chunk)
      writtenBytes += chunk.byteLength
      onProgress?.({ name: file.name, writtenBytes })
      yield chunk
    }
  }
  await pipeline(
    watched,
    createWriteStream(path, { flush: true }),
    signal === undefined ? {} : { signal },
  )
  const actual = hasher.digest()
  if (actual !== file.hash) {
    const message = `the bytes of '${file.name}' have the hash ${actual} instead of ${file.hash}`
    const details = { name: file.name, expected: file.hash, actual }
    throw new GroveError('hash-mismatch', details, { message })
  }
}

/** Moves the complete workspace to its place in one rename. */
async function appear(staging: string, target: string, replaceEmpty: boolean): Promise<void> {
  if (replaceEmpty) await rmdir(target)
  await rename(staging, target)
}

async function moveEach(
  staging: string,
  target: string,
  files: readonly WorkspaceFile[],
): Promise<void> {
  for (const { name } of files) await checkLinks(target, name)
  for (const { name } of files) {
    const path = join(target, name)
    await mkdir(dirname(path), { recursive: true })
    await rename(join(staging, name), path)
  }
}

/** Refuses symbolic links among a file's folders: they could lead out of the workspace. */
async function checkLinks(target: string, name: string): Promise<void> {
  const folders = name.split('/').slice(0, -1)
  for (let end = 1; end <= folders.length; end++) {
    const path = [target, ...folders.slice(0, end)].join(sep)
    const stat = await lstat(path).catch((cause: unknown) => {
      if (errnoOf(cause) === 'ENOENT') return undefined
      throw cause
    })
    if (stat === undefined) return
    if (!stat.isDirectory())
      throw new GroveError(
        'refused',
        { path },
        { message: `${path} is not a plain folder, so '${name}' can't be written below it` },
      )
  }
}
