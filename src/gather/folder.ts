import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ignore } from 'ignore'
import { mapBounded } from '../concurrency/semaphore.ts'
import { pathOfBytes } from '../core/contribution/names.ts'
import { isGroveError } from '../core/errors.ts'
import { isGroveDirectory, isOwnFile } from '../disk/grove-directory.ts'
import { type GitFiles, listFiles } from '../git/files.ts'
import { findRepository, orUndefined } from '../git/repository.ts'
import { isNoGit } from '../git/run.ts'
import { ShadowGit } from '../git/shadow.ts'
import { hiddenPart, isInGit } from './classify.ts'
import { consider, type FileCandidate } from './consider.ts'
import {
  fileAt,
  type Gathered,
  Gathering,
  type GatherOptions,
  type Omission,
  unreadable,
  unreadablePatterns,
} from './gathered.ts'
import { type Below, patternsBelow, patternsOf } from './patterns.ts'

/** Files whose first bytes are read at once. */
const READS_MAX = 16

/**
 * The files of a folder by their paths below it. Inside a git repository git tells which files
 * patterns exclude, elsewhere we do. Throws `usage-error` for what can't be read.
 */
export async function gatherFolder(folder: string, options: GatherOptions): Promise<Gathered> {
  const gathering = new Gathering()
  const found = new FolderSearch(folder, options, gathering)
  await found.search('')
  found.tellRest()
  await mapBounded(found.candidates, READS_MAX, async (candidate) => {
    options.signal?.throwIfAborted()
    await consider(gathering, candidate)
  })
  gathering.files.sort((a, b) => (a.path < b.path ? -1 : 1))
  gathering.suspects.sort()
  return gathering
}

/** Finds what may be contributed of a folder. Paths are those below it; folders' end in `/`. */
class FolderSearch {
  readonly candidates: FileCandidate[] = []
  readonly #folder: string
  readonly #options: GatherOptions
  readonly #gathering: Gathering
  readonly #include: Ignore | undefined
  readonly #groves = new Map<string, Promise<boolean>>()
  /** What stays home in folders that stay home, for which those are named. */
  readonly #inside: Omission[] = []
  /** The patterns of `.groveignore`. */
  #own: Below | undefined

  constructor(folder: string, options: GatherOptions, gathering: Gathering) {
    this.#folder = folder
    this.#options = options
    this.#gathering = gathering
    this.#include = options.include?.length ? patternsOf(options.include) : undefined
  }

  /** Searches a folder by the rules of the repository around it. */
  async search(folder: string): Promise<void> {
    if (this.#options.noIgnore === true) return this.#walk(folder, undefined)
    const place = await realpath(fileAt(this.#folder, folder))
    const top = (await findRepository(place))?.folder ?? place
    const from = folder.length
    this.#own ??= await patternsBelow(place, { top, name: '.groveignore' })
    const listed = await this.#listed(place)
    if (listed !== undefined) return this.#take(folder, listed)
    await this.#walk(folder, await patternsBelow(place, { top, name: '.gitignore', from }))
  }

  /** Where patterns take some of a folder that stays home, names what stays instead of it. */
  tellRest(): void {
    const opened = new Set<string>()
    for (const { path, isInsisted } of this.candidates)
      if (isInsisted === true)
        for (const part of partsOf(path)) if (this.#gathering.takeBack(part)) opened.add(part)
    for (const stay of opened.size === 0 ? [] : this.#inside)
      if ([...partsOf(stay.path)].some((part) => opened.has(part))) this.#gathering.leaveOut(stay)
  }

  /** What git says of a folder; undefined where there is no repository, or no git. */
  async #listed(place: string): Promise<GitFiles | undefined> {
    const { env, signal } = this.#options
    try {
      await using git = await ShadowGit.open(place, { env, signal })
      const eachExcluded = this.#include !== undefined
      return git && (await listFiles(git, place, { eachExcluded }))
    } catch (error) {
      if (isNoGit(error) || isGroveError(error, 'refused')) return undefined
      throw error
    }
  }

  async #take(folder: string, files: GitFiles): Promise<void> {
    for (const path of files.unreadable) await this.#miss(folder, path)
    for (const path of files.excluded) await this.#leaveOut(folder + path)
    for (const path of files.eachExcluded)
      if (this.#isInsisted(folder + path)) await this.#offer(folder + path)
      else this.#inside.push(ignored(folder + path))
    for (const path of files.included) await this.#offer(folder + path)
    await this.#tellSpecial(folder, files.included)
    for (const path of files.repositories) {
      const stay = await this.#stay(folder + path)
      if (stay !== undefined) this.#gathering.leaveOut(stay)
      else if (await hasRepository(fileAt(this.#folder, folder + path)))
        await this.search(folder + path)
      else this.#gathering.leaveOut({ path: folder + path, reason: 'submodule' })
    }
  }

  /** Leaves out what git passes over in the folders of these files: sockets, pipes, devices. */
  async #tellSpecial(folder: string, files: readonly string[]): Promise<void> {
    const folders = new Set(files.map((path) => path.slice(0, path.lastIndexOf('/') + 1)))
    await mapBounded([...folders], READS_MAX, async (below) => {
      const place = fileAt(this.#folder, folder + below)
      // Tracked files may be gone, together with their folder.
      const entries = await orUndefined(readdir(place, { withFileTypes: true, encoding: 'buffer' }))
      for (const entry of entries ?? [])
        if (!entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink())
          await this.#leaveOutSpecial(folder + below + pathOfBytes(entry.name))
    })
  }

  async #leaveOutSpecial(path: string): Promise<void> {
    this.#gathering.leaveOut((await this.#stay(path)) ?? { path, reason: 'special file' })
  }

  /** Leaves out what git passed over because it may not read it. Throws unless it stays home. */
  async #miss(folder: string, path: string): Promise<void> {
    const place = path.slice(0, path.lastIndexOf('/') + 1)
    const isBelow = place !== '' && !place.startsWith('../')
    const stay = isBelow ? await this.#stay(folder + place) : undefined
    if (stay !== undefined) this.#gathering.leaveOut(stay)
    else throw path === place ? unreadable(folder + path) : unreadablePatterns(folder + path)
  }

  /** `outer`: a folder above stays home, so that only what is insisted on is looked for. */
  async #walk(folder: string, git: Below | undefined, outer?: Omission): Promise<void> {
    this.#options.signal?.throwIfAborted()
    for (const entry of await entriesOf(fileAt(this.#folder, folder))) {
      const path = folder + pathOfBytes(entry.name) + (entry.isDirectory() ? '/' : '')
      const excluded = outer ?? ((await isExcluded(git, path)) ? ignored(path) : undefined)
      if (!entry.isDirectory()) await this.#offer(path, excluded, outer === undefined)
      else await this.#descend(path, git, excluded, outer)
    }
  }

  async #descend(
    path: string,
    git: Below | undefined,
    excluded: Omission | undefined,
    outer: Omission | undefined,
  ): Promise<void> {
    const stay = (await this.#stay(path)) ?? excluded
    if (stay !== undefined && outer === undefined) this.#gathering.leaveOut(stay)
    else if (stay !== undefined && isFinal(stay, path)) this.#inside.push({ ...stay, path })
    if (stay !== undefined && (this.#include === undefined || isFinal(stay, path))) return
    const isRuled = stay === undefined && this.#options.noIgnore !== true
    if (isRuled && path.isWellFormed() && (await hasRepository(fileAt(this.#folder, path))))
      return this.search(path)
    await this.#walk(path, git, stay)
  }

  /** Makes a file a candidate, or leaves it out. */
  async #offer(path: string, excluded?: Omission, isTold = true): Promise<void> {
    const stay = (await this.#stay(path)) ?? excluded
    const isInsisted = this.#isInsisted(path)
    if (stay === undefined || (isInsisted && !isFinal(stay, path)))
      this.candidates.push({ path, file: fileAt(this.#folder, path), isInsisted })
    else if (isTold) this.#gathering.leaveOut(stay)
    else this.#inside.push({ ...stay, path })
  }

  async #leaveOut(path: string): Promise<void> {
    this.#gathering.leaveOut((await this.#stay(path)) ?? ignored(path))
  }

  /** Why a path stays home by our own rules, with the topmost folder that does. */
  async #stay(path: string): Promise<Omission | undefined> {
    const grove = await this.#groveAround(path)
    if (grove !== undefined) return { path: grove, reason: "a grove's own" }
    const hidden = hiddenPart(path)
    if (hidden !== undefined) return { path: hidden, reason: 'hidden' }
    const part = await this.#excludedPart(path)
    return part === undefined ? undefined : ignored(part)
  }

  /** The topmost folder of a path that is a grove's, or what belongs to one in our folder. */
  async #groveAround(path: string): Promise<string | undefined> {
    for (const part of partsOf(path)) {
      const isGroves = part.endsWith('/') && (await this.#isGrove(part))
      if (isGroves || (isOwnFile(part) && (await this.#isGrove('')))) return part
    }
    return undefined
  }

  #isGrove(folder: string): Promise<boolean> {
    const known = this.#groves.get(folder)
    if (known !== undefined) return known
    const found = isGroveDirectory(join(this.#folder, folder))
    this.#groves.set(folder, found)
    return found
  }

  async #excludedPart(path: string): Promise<string | undefined> {
    for (const part of partsOf(path)) if (await isExcluded(this.#own, part)) return part
    return undefined
  }

  #isInsisted(path: string): boolean {
    return this.#include?.ignores(path) === true
  }
}

const ignored = (path: string): Omission => ({ path, reason: 'ignored' })

/** Whether nothing can insist on a path. */
const isFinal = ({ reason }: Omission, path: string) => reason === "a grove's own" || isInGit(path)

/** The folders on the way to a path, topmost first, and the path itself. */
function* partsOf(path: string): Generator<string> {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1))
    yield path.slice(0, end + 1)
  if (!path.endsWith('/')) yield path
}

async function isExcluded(below: Below | undefined, path: string): Promise<boolean> {
  if (below === undefined) return false
  return below.patterns.excludes(below.prefix + path.slice(below.from))
}

/** Whether a folder is the top of a repository's work tree. */
async function hasRepository(folder: Buffer): Promise<boolean> {
  const path = Buffer.concat([folder, Buffer.from('/.git')])
  return (await orUndefined(lstat(path))) !== undefined
}

async function entriesOf(folder: Buffer): Promise<Dirent<Buffer>[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' })
    return entries.sort((a, b) => Buffer.compare(a.name, b.name))
  } catch (cause) {
    throw unreadable(pathOfBytes(folder), cause)
  }
}
