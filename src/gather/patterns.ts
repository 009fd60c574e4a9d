import { lstat, readFile } from 'node:fs/promises'
import { relative, sep } from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { pathOfBytes } from '../core/contribution/names.ts'
import { orUndefined } from '../git/repository.ts'
import { fileAt, unreadablePatterns } from './gathered.ts'

/** A longer file of patterns is taken for something else. */
const PATTERNS_MAX_BYTES = 1024 * 1024

/** Patterns in the syntax of `.gitignore`; case counts. */
export function patternsOf(lines: string | readonly string[]): Ignore {
  return ignore({ ignorecase: false }).add(lines)
}

/**
 * The files of patterns (`.gitignore`, `.groveignore`) in the folders from `top` down, as git
 * applies them: a deeper file goes before one above it, a later line before an earlier one.
 */
export class PatternFiles {
  readonly #top: string
  readonly #name: string
  readonly #otherwise: Elsewhere | undefined
  /** By folder below `top`, which ends in `/`, or is '' for `top` itself. */
  readonly #levels = new Map<string, Ignore | undefined>()
  readonly #verdicts = new Map<string, boolean>()

  constructor(top: string, name: string, otherwise?: Elsewhere) {
    this.#top = top
    this.#name = name
    this.#otherwise = otherwise
  }

  /** Whether patterns exclude a path, or a folder above it. A folder's path ends in `/`. */
  async excludes(path: string): Promise<boolean> {
    const known = this.#verdicts.get(path)
    if (known !== undefined) return known
    const parent = path.slice(0, path.lastIndexOf('/', path.length - 2) + 1)
    const verdict = (parent !== '' && (await this.excludes(parent))) || (await this.#matches(path))
    if (path.endsWith('/')) this.#verdicts.set(path, verdict)
    return verdict
  }

  /** Whether patterns exclude the path itself. */
  async #matches(path: string): Promise<boolean> {
    const end = path.length - (path.endsWith('/') ? 1 : 0)
    for (let slash = path.lastIndexOf('/', end - 1); ; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash + 1)
      const patterns = await this.#level(folder)
      if (patterns !== undefined) {
        const { ignored, unignored } = patterns.test(path.slice(folder.length))
        if (unignored) return false
        if (ignored && !this.#isAbove(patterns, path.slice(folder.length))) return true
      }
      if (slash < 0) return false
    }
  }

  /** Whether patterns exclude a folder above a path, which a deeper file has let in again. */
  #isAbove(patterns: Ignore, path: string): boolean {
    const slash = path.lastIndexOf('/', path.length - 2)
    return slash > 0 && patterns.ignores(path.slice(0, slash + 1))
  }

  async #level(folder: string): Promise<Ignore | undefined> {
    if (!this.#levels.has(folder)) this.#levels.set(folder, await this.#read(folder))
    return this.#levels.get(folder)
  }

  async #read(folder: string): Promise<Ignore | undefined> {
    const path = fileAt(this.#top, folder + this.#name)
    const info = await orUndefined(lstat(path))
    const text =
      info === undefined
        ? await this.#otherwise?.(folder + this.#name)
        : info.isFile() && info.size <= PATTERNS_MAX_BYTES
          ? await readPatterns(path)
          : undefined
    return text === undefined ? undefined : patternsOf(text.replace(/^\ufeff/, ''))
  }
}

async function readPatterns(path: Buffer): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw unreadablePatterns(pathOfBytes(path), cause)
  }
}

/** Reads a file of patterns, by its path below `top`, that is not on disk. */
type Elsewhere = (path: string) => Promise<string | undefined>

/** Patterns for the paths below a folder. */
export interface Below {
  readonly patterns: PatternFiles
  /** Goes before a path, less its first `from` characters, for the patterns to be asked. */
  readonly prefix: string
  readonly from: number
}

/**
 * The patterns for what is below a folder: those from `top` down, unless they exclude the folder
 * itself. Whoever names it means what is in it, so that then only those inside count.
 */
export async function patternsBelow(
  folder: string,
  { top, name, from = 0, otherwise }: PatternPlace,
): Promise<Below> {
  const way = relative(top, folder).split(sep).join('/')
  const patterns = new PatternFiles(top, name, otherwise)
  if (way === '') return { patterns, prefix: '', from }
  return (await patterns.excludes(`${way}/`))
    ? { patterns: new PatternFiles(folder, name), prefix: '', from }
    : { patterns, prefix: `${way}/`, from }
}

interface PatternPlace {
  readonly top: string
  readonly name: '.gitignore' | '.groveignore'
  readonly from?: number
  readonly otherwise?: Elsewhere
}
