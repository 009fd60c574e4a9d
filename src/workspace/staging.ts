import { type FileHandle, mkdir, open, symlink } from 'node:fs/promises'
import { mapBounded } from '../concurrency/semaphore.ts'
import { CidHasher } from '../core/cid.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import type { OpenFile, PlainFile, WorkspaceFile, WorkspaceOptions } from './file.ts'
import { foldersOf, placeIn } from './paths.ts'

/** Files that are written at once: they share the disk's commits. */
const WRITES_MAX = 8

/**
 * Writes all files below `tree`, each verified and durable, then all links. Throws `hash-mismatch`,
 * `validation-error` for two paths that are one on this file system, and what `read` throws.
 */
export async function stageAll(
  tree: string,
  files: readonly WorkspaceFile[],
  read: OpenFile,
  { signal, onProgress }: WorkspaceOptions,
): Promise<void> {
  for (const folder of new Set(files.flatMap(({ path }) => foldersOf(path))))
    await mkdir(placeIn(tree, folder), { recursive: true })
  const plain = files.filter((file): file is PlainFile => !('symlink' in file))
  let until: AbortSignal | undefined
  await mapBounded(plain, WRITES_MAX, async (file, failed) => {
    until ??= signal === undefined ? failed : AbortSignal.any([signal, failed])
    await stageFile(tree, file, read, { signal: until, onProgress })
  })
  for (const file of files) if ('symlink' in file) await stageLink(tree, file.path, file.symlink)
}

async function stageFile(
  tree: string,
  file: PlainFile,
  read: OpenFile,
  { signal, onProgress }: { signal: AbortSignal; onProgress: WorkspaceOptions['onProgress'] },
): Promise<void> {
  const { path, hash, executable } = file
  const hasher = new CidHasher()
  let writtenBytes = 0
  const watched = async function* () {
    for await (const chunk of await read(file, signal)) {
      hasher.update(chunk)
      writtenBytes += chunk.byteLength
      onProgress?.({ path, writtenBytes })
      yield chunk
    }
  }
  const handle = await create(tree, path, executable === true ? 0o777 : 0o666)
  try {
    await handle.writeFile(watched(), { signal })
    await handle.sync()
  } finally {
    await handle.close()
  }
  const actual = hasher.digest()
  if (actual !== hash) {
    const message = `the bytes of '${path}' have the hash ${actual} instead of ${hash}`
    throw new GroveError('hash-mismatch', { path, expected: hash, actual }, { message })
  }
}

async function create(tree: string, path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(placeIn(tree, path), 'wx', mode)
  } catch (cause) {
    throw sameName(path, cause)
  }
}

async function stageLink(tree: string, path: string, target: string): Promise<void> {
  try {
    await symlink(target, placeIn(tree, path))
  } catch (cause) {
    throw sameName(path, cause)
  }
}

function sameName(path: string, cause: unknown): unknown {
  if (!['EEXIST', 'EISDIR'].includes(errnoOf(cause))) return cause
  const message = `'${path}' and another path of this contribution are the same on this file system`
  return new GroveError('validation-error', { path }, { cause, message })
}
