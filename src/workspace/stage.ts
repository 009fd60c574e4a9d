import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import { STAGE_PREFIX } from './paths.ts'

const LOCK_FILE = 'lock'
const MARK_FILE = 'mark'
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
    const unlock = lock(path)
    if (unlock !== undefined) return prepared(stageAt(path, unlock))
  }
  throw busy(directory)
}

/** The names in a directory: those of stages of this user, and the others. */
export async function lookInto(
  directory: string,
): Promise<{ readonly stages: readonly string[]; readonly others: readonly string[] }> {
  const stages: string[] = []
  const others: string[] = []
  for (const name of await readdir(directory)) {
    const isOne = name.startsWith(STAGE_PREFIX) && (await isStage(join(directory, name)))
    ;(isOne ? stages : others).push(name)
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
        await rm(path, { recursive: true, force: true })
      } finally {
        unlock()
      }
    },
    leave: unlock,
  }
}

async function prepared(stage: Stage): Promise<Stage> {
  try {
    await writeFile(join(stage.path, MARK_FILE), await markOf(stage.path))
    await mkdir(stage.tree)
    await mkdir(stage.old)
    return stage
  } catch (cause) {
    await stage.remove()
    throw cause
  }
}

/**
 * Whether a directory is a stage that this user's Grove made there. Its mark names its device and
 * inode: a copy of a stage is none, nor is one that came along with somebody's files.
 */
async function isStage(path: string): Promise<boolean> {
  try {
    const { uid } = await lstat(path)
    if (uid !== (process.geteuid?.() ?? uid)) return false
    const names = await readdir(path)
    if (names.every((name) => name.startsWith(LOCK_FILE))) return true
    return (await readFile(join(path, MARK_FILE), 'utf8')) === (await markOf(path))
  } catch (cause) {
    // It is no directory, is being removed, or has no mark.
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES'].includes(errnoOf(cause))) return false
    throw cause
  }
}

async function markOf(path: string): Promise<string> {
  const { dev, ino } = await lstat(path, { bigint: true })
  return `grove-checkout/1 ${dev} ${ino}\n`
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
