import { lstat, mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { STAGE_PREFIX } from './paths.ts'

const LOCK_FILE = 'lock'
/** How often a stage is made anew where another checkout took it for an abandoned one. */
const ATTEMPTS_MAX = 5

/**
 * A temporary directory in which a workspace is prepared: `.grove-checkout-…` inside the target, so
 * that moving a file to its place is a rename, or beside an absent target. Its lock is held while
 * its process lives.
 */
export interface Stage {
  /** What its name has after the prefix. */
  readonly id: string
  readonly path: string
  /** The workspace as it will be. */
  readonly tree: string
  /** What was in the place of files that are being replaced. */
  readonly old: string
  /** Removes the directory and all that is left in it. */
  remove(): Promise<void>
  /** Gives up the lock and leaves the directory for the next checkout to mend. */
  leave(): void
}

/** Makes a stage in a directory and locks it. Throws `busy`, and the errors of the system. */
export async function makeStage(directory: string): Promise<Stage> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const path = await mkdtemp(join(directory, STAGE_PREFIX))
    const unlock = (await marked(path)) ? lock(path) : undefined
    if (unlock === undefined) continue
    const stage = stageAt(path, unlock)
    if ((await inspect(path)) === 'stage') return prepared(stage)
    await stage.remove()
  }
  throw busy(directory)
}

/**
 * The names in a directory: those of stages of this user, and the others. A stage that was killed
 * before it had a mark, or after it had lost it, is empty, and is removed.
 */
export async function lookInto(
  directory: string,
): Promise<{ readonly stages: readonly string[]; readonly others: readonly string[] }> {
  const stages: string[] = []
  const others: string[] = []
  for (const name of await readdir(directory)) {
    const found = name.startsWith(STAGE_PREFIX) ? await inspect(join(directory, name)) : 'other'
    if (found !== 'gone') (found === 'stage' ? stages : others).push(name)
  }
  return { stages, others }
}

/** A stage that `lookInto` found, locked; undefined if its process lives, or if it is gone. */
export function takeOver(directory: string, name: string): Stage | undefined {
  const path = join(directory, name)
  const unlock = lock(path)
  return unlock && stageAt(path, unlock)
}

/** The error where another process writes into the same directory. */
export function busy(directory: string): GroveError {
  const message = `another checkout is writing into ${directory}: wait until it has ended`
  return new GroveError('busy', { directory }, { message })
}

function stageAt(path: string, unlock: () => void): Stage {
  return {
    id: path.slice(path.lastIndexOf(STAGE_PREFIX) + STAGE_PREFIX.length),
    path,
    tree: join(path, 'tree'),
    old: join(path, 'old'),
    async remove() {
      try {
        await removeStage(path)
      } finally {
        unlock()
      }
    },
    leave: unlock,
  }
}

async function prepared(stage: Stage): Promise<Stage> {
  try {
    await mkdir(stage.tree)
    await mkdir(stage.old)
    return stage
  } catch (cause) {
    await stage.remove()
    throw cause
  }
}

/** Marks a new stage; false if another checkout took it for an abandoned one and removed it. */
async function marked(path: string): Promise<boolean> {
  try {
    await writeFile(join(path, await markOf(path)), '', { flag: 'wx' })
    return true
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return false
    throw cause
  }
}

/**
 * What a directory with the name of a stage is. A stage has a file whose name is its mark. Nothing
 * in the directory is opened before that is known: it may have come along with somebody's files.
 */
async function inspect(path: string): Promise<'stage' | 'other' | 'gone'> {
  try {
    const { uid } = await lstat(path)
    if (uid !== (process.geteuid?.() ?? uid)) return 'other'
    const names = await readdir(path)
    if (names.includes(await markOf(path))) return 'stage'
    if (names.length > 0) return 'other'
    await rmdir(path)
    return 'gone'
  } catch (cause) {
    if (errnoOf(cause) === 'ENOENT') return 'gone'
    // It is no directory, or its owner has filled it meanwhile.
    if (['ENOTDIR', 'EACCES', 'ENOTEMPTY', 'EEXIST'].includes(errnoOf(cause))) return 'other'
    throw cause
  }
}

/**
 * The name of the file that makes a directory a stage. It has the directory's device and inode: a
 * copy of a stage is none, nor is one that came along with somebody's files.
 */
async function markOf(path: string): Promise<string> {
  const { dev, ino } = await lstat(path, { bigint: true })
  return `mark-${dev}-${ino}`
}

/** Removes the mark last, so that what is left of a killed removal is still a stage, or empty. */
async function removeStage(path: string): Promise<void> {
  try {
    const mark = await markOf(path)
    for (const name of await readdir(path))
      if (name !== mark) await rm(join(path, name), { recursive: true, force: true })
    await rm(join(path, mark), { force: true })
    await rmdir(path)
  } catch (cause) {
    // Another checkout removed it, or is making it its own.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errnoOf(cause))) throw cause
  }
}

/**
 * Locks a stage; undefined if another process has it or removed it. SQLite locks an empty file for
 * us: the system releases that lock however the process ends.
 */
function lock(path: string): (() => void) | undefined {
  let database: Sqlite.Database | undefined
  try {
    database = new Sqlite(join(path, LOCK_FILE), { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    database?.close()
    if (cause instanceof TypeError) return undefined
    if (/^SQLITE_(BUSY|CANTOPEN)/.test(errnoOf(cause))) return undefined
    throw cause
  }
  const held = database
  return () => held.close()
}
