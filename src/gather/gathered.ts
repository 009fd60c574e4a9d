import { join } from 'node:path'
import { bytesOfPath } from '../core/contribution/names.ts'
import { errnoOf } from '../core/errno.ts'
import { GroveError } from '../core/errors.ts'
import type { Variables } from '../git/run.ts'
import type { Reason } from './classify.ts'

/** A file or symbolic link to contribute, by its path in the contribution. */
export type GatheredFile = { readonly path: string } & (
  | {
      readonly executable: boolean
      /** Its length when it was found. */
      readonly sizeBytes: number
      /** Opens its bytes from the start; may be called again. */
      open(): AsyncIterable<Uint8Array>
      readonly symlink?: never
    }
  | { readonly symlink: string; readonly open?: never }
)

/** What stays home, and why. The path of a folder ends in `/`. */
export interface Omission {
  readonly path: string
  readonly reason: Reason
}

/** What is to be contributed, and what is not. */
export interface Gathered {
  readonly files: readonly GatheredFile[]
  readonly leftOut: readonly Omission[]
  /** Files that leave, but may hold secrets. */
  readonly suspects: readonly string[]
}

/** How files are gathered. */
export interface GatherOptions {
  /** The user's environment, for git. */
  readonly env: Variables
  /** Patterns of what is contributed though it is hidden, excluded or a key. */
  readonly include?: readonly string[] | undefined
  /** Obey no `.gitignore`, no other exclusions of git and no `.groveignore`. */
  readonly noIgnore?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** The most files that are gathered. */
const GATHERED_MAX_FILES = 500_000

/** A gathering under way. Each path is left out once. */
export class Gathering implements Gathered {
  readonly files: GatheredFile[] = []
  readonly suspects: string[] = []
  readonly #leftOut = new Map<string, Reason>()

  add(file: GatheredFile): void {
    this.files.push(file)
    if (this.files.length > GATHERED_MAX_FILES)
      throw usage(`there are more than ${GATHERED_MAX_FILES} files: name a smaller folder`)
  }

  leaveOut({ path, reason }: Omission): void {
    if (!this.#leftOut.has(path)) this.#leftOut.set(path, reason)
  }

  /** Forgets that a path is left out; false if it isn't. */
  takeBack(path: string): boolean {
    return this.#leftOut.delete(path)
  }

  get leftOut(): Omission[] {
    return [...this.#leftOut].map(([path, reason]) => ({ path, reason }))
  }
}

/** Several gatherings as one. What git doesn't track may be among the files that were named. */
export function joined(parts: readonly Gathered[]): Gathered {
  const files = parts.flatMap((part) => part.files)
  const taken = new Set(files.map(({ path }) => path))
  const isTaken = ({ path, reason }: Omission) => reason === 'untracked' && taken.has(path)
  return {
    files,
    leftOut: parts.flatMap(({ leftOut }) => leftOut).filter((each) => !isTaken(each)),
    suspects: parts.flatMap(({ suspects }) => suspects),
  }
}

/** The file of a path below a folder, in the bytes that the file system keeps. */
export function fileAt(folder: string, path: string): Buffer {
  return Buffer.from(bytesOfPath(join(folder, path)))
}

/** The error for a file, or a folder, that this user may not read. */
export function unreadable(path: string, cause?: unknown): GroveError {
  const why = cause === undefined ? '' : ` (${errnoOf(cause)})`
  return usage(
    `${path} cannot be read${why}: make it readable, or have .groveignore exclude it`,
    cause,
  )
}

/** The error for patterns that this user may not read: what they exclude must not leave. */
export function unreadablePatterns(path: string, cause?: unknown): GroveError {
  return usage(`${path} cannot be read: make it readable, or obey no patterns (--no-ignore)`, cause)
}

export function usage(message: string, cause?: unknown): GroveError {
  return new GroveError('usage-error', {}, { message, cause })
}
