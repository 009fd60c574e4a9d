import { rename } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type Cid, hashBytes } from '../core/cid.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { compareText } from '../core/text.ts'
import { firstOfGrove } from '../disk/grove-directory.ts'
import type { OpenFile, WorkspaceFile, WorkspaceOptions } from './file.ts'
import { refuseLayouts } from './foreign.ts'
import { endJournal, hasJournal, readJournal, syncFolder, writeJournal } from './journal.ts'
import { completeMoves, moveAll, planMoves } from './moves.ts'
import { checkPaths } from './paths.ts'
import { busy, lookInto, makeStage, takeOver } from './stage.ts'
import { stageAll } from './staging.ts'
import { findTarget, makeParent, writeError } from './target.ts'

/**
 * Writes files into a directory: all of them, or none. Each is hashed on the way. A directory that
 * is there is kept, with its owner and mode; what is new gets the process's umask. No path and no
 * link leads out of the directory. A checkout that was killed leaves the old state, or one that
 * the next checkout into the directory completes. Throws `directory-not-empty`, `already-exists`
 * (a file in the way), `validation-error` (a path), `refused` (a link in the way, a
 * layout, a grove's own files),
 * `hash-mismatch`, `busy`, `storage-full`, `read-only`, `storage-failed`.
 */
export async function writeWorkspace(
  directory: string,
  files: readonly WorkspaceFile[],
  read: OpenFile,
  options: WorkspaceOptions = {},
): Promise<void> {
  checkPaths(files)
  const job = { files, read, options }
  try {
    const target = await findTarget(directory)
    await refuseGrove(files.map(({ path }) => join(target.path, path)))
    if (target.exists) await fill(target.path, job)
    else await appear(target.path, job)
  } catch (cause) {
    options.signal?.throwIfAborted()
    throw writeError(cause, resolve(directory))
  }
}

/** Throws `refused` for files that would take the place of what a grove keeps. */
async function refuseGrove(paths: readonly string[]): Promise<void> {
  const path = await firstOfGrove(paths)
  if (path === undefined) return
  const message = `${path} would be among a grove's own files: name another directory`
  throw new GroveError('refused', { path }, { message })
}

interface Writing {
  readonly files: readonly WorkspaceFile[]
  readonly read: OpenFile
  readonly options: WorkspaceOptions
}

/** Prepares the directory beside its place, which it takes in one rename. */
async function appear(path: string, { files, read, options }: Writing): Promise<void> {
  const parent = await makeParent(path)
  try {
    await removeAbandoned(parent.path)
    const stage = await makeStage(parent.path)
    try {
      await stageAll(stage.tree, files, read, options)
      options.signal?.throwIfAborted()
      await rename(stage.tree, parent.target).catch((cause: unknown) => {
        throw ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errnoOf(cause)) ? notEmpty(path) : cause
      })
      await syncFolder(parent.path)
    } finally {
      await stage.remove()
    }
  } catch (cause) {
    await parent.undo()
    throw writeError(cause, parent.path)
  }
}

/** Removes what killed checkouts left beside targets that never appeared. */
async function removeAbandoned(directory: string): Promise<void> {
  for (const name of (await lookInto(directory)).stages) {
    const stage = takeOver(directory, name)
    if (stage === undefined) continue
    if (await hasJournal(stage.path)) stage.leave()
    else await stage.remove()
  }
}

/** Fills a directory that is there, from a stage inside. */
async function fill(target: string, { files, read, options }: Writing): Promise<void> {
  const { overwrite = false, signal } = options
  const { others, stages } = await lookInto(target)
  if (others.length > 0 && !overwrite && stages.length === 0) throw notEmpty(target)
  const completed = await completeOthers(target, stages)
  const request = requestOf(files)
  if (!overwrite && (await lookInto(target)).others.length > 0) {
    if (completed.includes(request)) return
    throw notEmpty(target)
  }
  if (options.refuseLayouts === true) await refuseLayouts(target, files)
  const stage = await makeStage(target)
  try {
    if ((await lookInto(target)).stages.length > 1) throw busy(target)
    await stageAll(stage.tree, files, read, options)
    signal?.throwIfAborted()
    const paths = files.map(({ path }) => path)
    const moves = await planMoves(stage, target, paths)
    await writeJournal(stage.path, { request, moves })
    await moveAll(stage, target, moves)
    await syncFolder(target)
    await endJournal(stage.path)
  } finally {
    if (await hasJournal(stage.path)) stage.leave()
    else await stage.remove()
  }
}

/**
 * Completes what killed checkouts began to move into a directory, and removes what others left.
 * The requests of those that are complete. Throws `busy` where one of them is still at work.
 */
async function completeOthers(target: string, stages: readonly string[]): Promise<string[]> {
  const completed: string[] = []
  for (const name of stages) {
    const stage = takeOver(target, name)
    if (stage === undefined) throw busy(target)
    try {
      const journal = await readJournal(stage.path)
      if (journal !== undefined && (await completeMoves(stage, target, journal)))
        completed.push(journal.request)
    } catch (cause) {
      stage.leave()
      throw cause
    }
    await stage.remove()
  }
  return completed
}

/** Tells apart what two checkouts would write. */
function requestOf(files: readonly WorkspaceFile[]): Cid {
  const lines = files.map((file) =>
    'symlink' in file
      ? [file.path, 'link', file.symlink]
      : [file.path, file.executable === true ? 'executable' : 'plain', file.hash],
  )
  return hashBytes(Buffer.from(JSON.stringify(lines.toSorted(byPath))))
}

const byPath = ([a = '']: readonly string[], [b = '']: readonly string[]) => compareText(a, b)

function notEmpty(directory: string): GroveError {
  return new GroveError(
    'directory-not-empty',
    { directory },
    { message: `${directory} is not empty` },
  )
}
