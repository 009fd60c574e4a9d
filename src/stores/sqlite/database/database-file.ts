import { statSync } from 'node:fs'
import { errnoOf } from '../../../core/errno.ts'
import { GroveError } from '../../../core/errors.ts'

/**
 * Which files a database is in, by device and inode. SQLite goes on writing to files that were
 * deleted, moved or replaced: whatever it stores there is lost when the process ends.
 */
export class DatabaseFile {
  readonly path: string
  readonly #database: string | undefined
  #log: string | undefined

  /** Remembers which file is at the path now. */
  constructor(path: string) {
    this.path = path
    this.#database = idOf(path)
  }

  /** Throws `storage-failed` where another file is at the path now, or none. */
  require(): void {
    if (this.#database === undefined || idOf(this.path) !== this.#database) throw lost(this.path)
    if (this.#log !== undefined && idOf(this.#logPath) !== this.#log) throw lost(this.#logPath)
  }

  /**
   * As `require`, for a database in WAL mode after a commit: its log, which stays as long as a
   * connection is open, must be the one of earlier commits.
   */
  requireCommitted(): void {
    this.#log ??= idOf(this.#logPath) ?? 'missing'
    this.require()
  }

  get #logPath(): string {
    return `${this.path}-wal`
  }
}

function lost(path: string): GroveError {
  const message =
    `${path} was deleted, moved or replaced while it was open, so nothing more is stored: ` +
    'have other groves fetch what is needed from this one, then restart it'
  return new GroveError('storage-failed', { file: path }, { message })
}

/** Undefined where there is no file. */
function idOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true })
    return `${dev}:${ino}`
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return undefined
    throw error
  }
}
