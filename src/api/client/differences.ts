import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cid, shortCid } from '../../core/cid.ts'
import { chosenFrom } from '../../core/contribution/choice.ts'
import { GroveError } from '../../core/errors.ts'
import type { FileEntry } from '../../core/wire/files.ts'
import { compareFiles } from '../../git/compare.ts'
import type { Variables } from '../../git/run.ts'
import type { OpenFile } from '../../workspace/file.ts'
import { writeWorkspace } from '../../workspace/workspace.ts'
import type { GroveApi } from './api.ts'
import { allFiles } from './files.ts'

/** A file or link that differs between two contributions. */
export interface Change {
  readonly path: string
  readonly parent: FileEntry | null
  readonly child: FileEntry | null
}

/** How the files of two contributions differ. */
export interface Differences {
  readonly changes: readonly Change[]
  /** A unified diff; undefined without git. */
  readonly patch: string | undefined
  /** The files that differ, while they are looked at: below `parent/` and `child/`. */
  readonly directory: string
}

interface CompareOptions {
  /** Only this file, or those below this folder. */
  readonly path?: string | undefined
  /** For git. */
  readonly env: Variables
  /** Whether the patch can be applied to binary files too. */
  readonly binary: boolean
  readonly signal: AbortSignal
}

/**
 * Compares the files of two held contributions, be they packs or not, and has `work` look at what
 * differs. Only files that differ are read. Throws `not-found`, `blob-missing`, `pack-invalid`.
 */
export async function withDifferences<T>(
  grove: GroveApi,
  [parent, child]: readonly [Cid, Cid],
  { path, env, binary, signal }: CompareOptions,
  work: (differences: Differences) => T | Promise<T>,
): Promise<T> {
  const files = [
    await allFiles(grove, parent, { signal }),
    await allFiles(grove, child, { signal }),
  ] as const
  const all = changesBetween(files[0], files[1])
  const meant = path === undefined ? undefined : pathsMeant(files.flat(), path)
  if (path !== undefined && meant?.size === 0) throw noSuchFile(path, [parent, child])
  const changes = meant === undefined ? all : all.filter((change) => meant.has(change.path))
  const directory = await mkdtemp(join(tmpdir(), 'grove-diff-'))
  try {
    await Promise.all([
      download(grove, parent, join(directory, 'parent'), sideOf(changes, 'parent'), signal),
      download(grove, child, join(directory, 'child'), sideOf(changes, 'child'), signal),
    ])
    const patch = await compareFiles(directory, 'parent', 'child', { env, binary })
    return await work({ changes, patch, directory })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The paths that a text means in either contribution. */
function pathsMeant(files: readonly FileEntry[], text: string): ReadonlySet<string> {
  const unique = new Map(files.map((file) => [file.path, file]))
  return new Set(chosenFrom([...unique.values()], [text]).files.map(({ path }) => path))
}

/** The files that differ, by path. */
function changesBetween(parent: readonly FileEntry[], child: readonly FileEntry[]): Change[] {
  const [before, after] = [parent, child].map(
    (files) => new Map(files.map((file) => [file.path, file])),
  )
  const paths = [...new Set([...parent, ...child].map(({ path }) => path))].toSorted()
  return paths
    .map((path) => ({
      path,
      parent: before?.get(path) ?? null,
      child: after?.get(path) ?? null,
    }))
    .filter((change) => contentOf(change.parent) !== contentOf(change.child))
}

/** A change in JSON: the hashes of both sides. */
export const changeInShort = ({ path, parent, child }: Change) => ({
  artifact: path,
  parent: parent?.hash ?? null,
  child: child?.hash ?? null,
})

function contentOf(file: FileEntry | null): string | null {
  return file && `${file.hash ?? ''} ${file.mode ?? ''} ${file.symlink ?? ''}`
}

function noSuchFile(path: string, [parent, child]: readonly [Cid, Cid]): GroveError {
  const message = `neither ${shortCid(parent)} nor ${shortCid(child)} has a file '${path}'`
  return new GroveError('not-found', { path }, { message })
}

const sideOf = (changes: readonly Change[], side: 'parent' | 'child') =>
  changes.flatMap((change) => change[side] ?? [])

async function download(
  grove: GroveApi,
  cid: Cid,
  directory: string,
  entries: readonly FileEntry[],
  signal: AbortSignal,
): Promise<void> {
  const files = entries.map(({ path, hash, symlink = '', mode }) =>
    hash === undefined ? { path, symlink } : { path, hash, executable: mode !== undefined },
  )
  const read: OpenFile = async ({ path }, aborted) =>
    (await grove.file({ cid, path }, { signal: aborted })).body
  if (files.length === 0) await mkdir(directory)
  else await writeWorkspace(directory, files, read, { signal })
}
