import { constants } from 'node:fs'
import {
  copyFile,
  link,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
} from 'node:fs/promises'
import { join, sep } from 'node:path'
import { mapBounded } from '../concurrency/semaphore.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { endJournal, type Identity, type Journal, type Move } from './journal.ts'
import { foldersOf, placeIn, STAGE_PREFIX } from './paths.ts'
import type { Stage } from './stage.ts'

/** System calls under way at once. */
const CALLS_MAX = 8

type FsPath = string | Buffer

/**
 * The renames that bring these paths from a stage into the target: a folder that the target lacks
 * is moved whole. Throws `refused` for a path below a link or file of the target, `already-exists`
 * for a file in whose place is a folder.
 */
export async function planMoves(
  stage: Stage,
  target: string,
  paths: readonly string[],
): Promise<Move[]> {
  const isNew = new Map<string, boolean>()
  const moved = new Set<string>()
  for (const path of paths) {
    for (const folder of [...foldersOf(path), path]) {
      if (folder === path || (isNew.get(folder) ?? (await lacks(target, folder)))) {
        isNew.set(folder, true)
        moved.add(folder)
        break
      }
      isNew.set(folder, false)
    }
  }
  return mapBounded([...moved], CALLS_MAX, async (path) => {
    const there = await infoOf(placeIn(target, path))
    if (there?.isDirectory() === true) throw folderInPlace(target, path)
    const staged = await identityOf(placeIn(stage.tree, path))
    if (staged === undefined) throw new GroveError('storage-failed', { path: stage.path })
    return { path, staged, was: (there && identityIn(there)) ?? null }
  })
}

/** True if the target has no such folder. */
async function lacks(target: string, folder: string): Promise<boolean> {
  const info = await infoOf(placeIn(target, folder))
  if (info === undefined || info.isDirectory()) return info === undefined
  const path = join(target, folder)
  const message = `${path} is not a plain folder, so nothing can be written below it`
  throw new GroveError('refused', { path }, { message })
}

/**
 * Carries out all moves of a journal, or none: a failure takes back those that were carried out and
 * ends the journal. Throws `storage-failed` where that fails too: then the next checkout completes
 * the moves.
 */
export async function moveAll(stage: Stage, target: string, moves: readonly Move[]): Promise<void> {
  const done: Move[] = []
  try {
    await mapBounded([...moves.entries()], CALLS_MAX, async ([index, move]) => {
      const place = placeIn(target, move.path)
      if (!same(await identityOf(place), move.was)) throw changed(target, move.path)
      if (move.was !== null) await keep(place, oldOf(stage, index))
      done.push(await moveIn(stage, target, move, index))
    })
  } catch (cause) {
    try {
      await takeBack(stage, target, done, moves)
      await endJournal(stage.path)
    } catch (second) {
      throw halfDone(target, new AggregateError([cause, second]))
    }
    throw cause
  }
}

/**
 * Completes the moves of a checkout that was killed. What somebody changed since is left alone.
 * True if everything that was to be moved is in its place. Throws `storage-failed`.
 */
export async function completeMoves(
  stage: Stage,
  target: string,
  { moves }: Journal,
): Promise<boolean> {
  let isComplete = true
  for (const [index, move] of moves.entries()) {
    const place = placeIn(target, move.path)
    const isSafe = await liesInPlainFolders(target, move.path)
    const now = isSafe ? await identityOf(place) : undefined
    const isStaged = (await infoOf(placeIn(stage.tree, move.path))) !== undefined
    if (isSafe && isStaged && same(now, move.was)) await moveIn(stage, target, move, index)
    else if (!isSafe || !same(now, move.staged)) {
      if (isSafe)
        await rm(nearOf(stage, target, move.path, index), { recursive: true, force: true })
      isComplete = false
    }
  }
  return isComplete
}

/** Moves one; the move with the identity that is in the target now. */
async function moveIn(stage: Stage, target: string, move: Move, index: number): Promise<Move> {
  const from = placeIn(stage.tree, move.path)
  const to = placeIn(target, move.path)
  try {
    await rename(from, to)
    return move
  } catch (cause) {
    if (errnoOf(cause) !== 'EXDEV') throw cause
  }
  // Its folder is a mount of its own: a copy beside it can be renamed.
  const near = nearOf(stage, target, move.path, index)
  try {
    await rm(near, { recursive: true, force: true })
    await copyTree(from, near)
    await rename(near, to)
  } catch (cause) {
    await rm(near, { recursive: true, force: true })
    throw cause
  }
  return { ...move, staged: (await identityOf(to)) ?? move.staged }
}

/** Where a copy is made before it takes its place in a mount. */
function nearOf({ id }: Stage, target: string, path: string, index: number): FsPath {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  return placeIn(target, `${folder}${STAGE_PREFIX}${id}-${index}`)
}

/** Takes back moves that were carried out. What is staged stays, for the moves to be repeated. */
async function takeBack(
  stage: Stage,
  target: string,
  done: readonly Move[],
  moves: readonly Move[],
): Promise<void> {
  const indexes = new Map(moves.map(({ path }, index) => [path, index]))
  for (const { path, staged, was } of done.toReversed()) {
    const place = placeIn(target, path)
    if (!same(await identityOf(place), staged)) continue
    if (was === null) await moveBack(place, placeIn(stage.tree, path))
    else {
      await keep(place, placeIn(stage.tree, path))
      await restore(oldOf(stage, indexes.get(path) ?? 0), place)
    }
  }
}

async function moveBack(place: FsPath, staged: FsPath): Promise<void> {
  try {
    await rename(place, staged)
  } catch (cause) {
    if (errnoOf(cause) !== 'EXDEV') throw cause
    // It was copied, and is still staged.
    await rm(place, { recursive: true })
  }
}

async function restore(old: string, place: FsPath): Promise<void> {
  try {
    await rename(old, place)
  } catch (cause) {
    if (errnoOf(cause) !== 'EXDEV') throw cause
    await unlink(place)
    await copyTree(old, place)
  }
}

/** Keeps a file or link under a second name, as a hard link where the file systems allow it. */
async function keep(from: FsPath, to: FsPath): Promise<void> {
  try {
    await link(from, to)
  } catch (cause) {
    if (errnoOf(cause) === 'EEXIST') return
    const info = await lstat(from)
    if (!info.isFile() && !info.isSymbolicLink()) throw cause
    await copyTree(from, to)
  }
}

async function copyTree(from: FsPath, to: FsPath): Promise<void> {
  const info = await lstat(from)
  if (info.isSymbolicLink()) await symlink(await readlink(from, { encoding: 'buffer' }), to)
  else if (info.isDirectory()) {
    await mkdir(to)
    for (const name of await readdir(from, { encoding: 'buffer' }))
      await copyTree(below(from, name), below(to, name))
  } else await copyFile(from, to, constants.COPYFILE_FICLONE)
}

const below = (folder: FsPath, name: Buffer): Buffer =>
  Buffer.concat([typeof folder === 'string' ? Buffer.from(folder) : folder, Buffer.from(sep), name])

async function liesInPlainFolders(target: string, path: string): Promise<boolean> {
  for (const folder of foldersOf(path))
    if ((await infoOf(placeIn(target, folder)))?.isDirectory() !== true) return false
  return true
}

type Info = Awaited<ReturnType<typeof infoOf>>

async function infoOf(place: FsPath) {
  try {
    return await lstat(place, { bigint: true })
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(cause))) return undefined
    throw cause
  }
}

async function identityOf(place: FsPath): Promise<Identity | undefined> {
  const info = await infoOf(place)
  return info && identityIn(info)
}

function identityIn({ dev, ino, size, mtimeNs }: NonNullable<Info>): Identity {
  return {
    dev: String(dev),
    ino: String(ino),
    sizeBytes: String(size),
    mtimeNs: String(mtimeNs),
  }
}

function same(a: Identity | undefined, b: Identity | null): boolean {
  if (a === undefined || b === null) return a === undefined && b === null
  return (
    a.dev === b.dev && a.ino === b.ino && a.sizeBytes === b.sizeBytes && a.mtimeNs === b.mtimeNs
  )
}

const oldOf = (stage: Stage, index: number) => join(stage.old, String(index))

function folderInPlace(target: string, path: string): GroveError {
  const message = `${join(target, path)} is a folder, but the contribution has a file of this name`
  return new GroveError('already-exists', { path }, { message })
}

function changed(target: string, path: string): GroveError {
  const message = `${join(target, path)} was changed by somebody else meanwhile: try again`
  return new GroveError('busy', { path }, { message })
}

function halfDone(target: string, cause: unknown): GroveError {
  const message = `only some files in ${target} are replaced: the next checkout completes that`
  return new GroveError('storage-failed', { directory: target }, { cause, message })
}
