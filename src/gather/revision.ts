import { realpath } from 'node:fs/promises'
import { posix, relative, sep } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import type { JsonObject } from '../core/canonical.ts'
import { pathOfBytes } from '../core/contribution/names.ts'
import { fileBytes } from '../disk/file-bytes.ts'
import { isOwnFile } from '../disk/grove-directory.ts'
import { listUntracked } from '../git/files.ts'
import { gitNotes } from '../git/notes.ts'
import { GitObjects } from '../git/objects.ts'
import { writePatch } from '../git/patch.ts'
import { ShadowGit } from '../git/shadow.ts'
import { listTree, type TreeEntry } from '../git/tree.ts'
import { type Gathered, Gathering, type GatherOptions, usage } from './gathered.ts'
import { HEAD_BYTES, secretSign } from './keys.ts'
import { type Below, patternsBelow } from './patterns.ts'

/** The path of a patch in a contribution. */
const PATCH_PATH = 'changes.patch'

/** The revisions whose files (`tree`), and from which on the changes (`base`), are gathered. */
export interface RevisionNames {
  readonly tree?: string | undefined
  readonly base?: string | undefined
}

/** Reads what git knows of a folder. Disposing of it takes away what it has gathered. */
export class Revisions implements AsyncDisposable {
  readonly #folder: string
  readonly #options: GatherOptions
  readonly #git: ShadowGit
  readonly #objects: GitObjects

  private constructor(folder: string, options: GatherOptions, git: ShadowGit) {
    this.#folder = folder
    this.#options = options
    this.#git = git
    this.#objects = new GitObjects(git)
  }

  /** Throws `usage-error` where there is no repository, or no git, and `refused`. */
  static async open(folder: string, options: GatherOptions): Promise<Revisions> {
    const git = await ShadowGit.open(folder, options)
    if (git === undefined)
      throw usage(`${folder} is not in a git repository: contribute the files themselves`)
    const format = git.config.get('extensions.refstorage')?.toLowerCase() ?? 'files'
    if (format !== 'files') {
      await git[Symbol.asyncDispose]()
      throw usage(otherReferences(folder, format))
    }
    return new Revisions(await realpath(folder), options, git)
  }

  /**
   * The files of a revision below the folder. What is committed was meant to be: neither hidden nor
   * excluded files are left out, and private keys are told as suspects.
   */
  async tree(revision: string): Promise<Gathered> {
    const gathering = new Gathering()
    const entries = await listTree(this.#git, this.#folder, revision)
    const groves = grovesAmong(new Set(entries.map(({ path }) => path)))
    const own = await this.#patternsFor(entries)
    for (const entry of entries) {
      const { path } = entry
      const grove = groves.find((folder) => path.startsWith(folder))
      if (grove !== undefined && (grove !== '' || isOwnFile(path)))
        gathering.leaveOut({ path: grove || path, reason: "a grove's own" })
      else if (await own?.patterns.excludes(own.prefix + path))
        gathering.leaveOut({ path, reason: 'ignored' })
      else await this.#addEntry(gathering, entry)
    }
    return gathering
  }

  /**
   * The patch from a revision to the tracked files of the work tree. Throws `usage-error` if
   * nothing differs.
   */
  async patch(base: string): Promise<Gathered> {
    const gathering = new Gathering()
    const untracked = await listUntracked(this.#git)
    const patch = await writePatch(this.#git, base)
    if (patch === undefined) throw usage(nothingDiffers(base, untracked.length))
    for (const path of untracked) gathering.leaveOut({ path, reason: 'untracked' })
    const { file, sizeBytes } = patch
    const open = () => fileBytes(file)
    gathering.add({ path: PATCH_PATH, executable: false, sizeBytes, open })
    return gathering
  }

  /** What is noted of the repository, beside what was gathered of it. */
  notes({ tree, base }: RevisionNames): Promise<JsonObject> {
    return gitNotes(this.#git, { tree, base })
  }

  /** The patterns of `.groveignore`: those on disk, and where there are none, those committed. */
  async #patternsFor(entries: readonly TreeEntry[]): Promise<Below | undefined> {
    if (this.#options.noIgnore === true) return undefined
    const top = this.#git.repository.folder
    const way = relative(top, this.#folder).split(sep).join('/')
    const objectOf = new Map(entries.map(({ path, object }) => [posix.join(way, path), object]))
    const otherwise = async (path: string) => {
      const object = objectOf.get(path)
      return object === undefined ? undefined : text(this.#objects.open(object))
    }
    return patternsBelow(this.#folder, { top, name: '.groveignore', otherwise })
  }

  async #addEntry(gathering: Gathering, entry: TreeEntry): Promise<void> {
    const { path, type, object, sizeBytes } = entry
    if (type === 'submodule') return gathering.leaveOut({ path, reason: 'submodule' })
    const open = () => this.#objects.open(object)
    const head = sizeBytes <= HEAD_BYTES ? await buffer(open()) : Buffer.alloc(0)
    if (type === 'symlink') return gathering.add({ path, symlink: pathOfBytes(head) })
    gathering.add({ path, executable: type === 'executable', sizeBytes, open })
    if (secretSign(path, head) !== undefined) gathering.suspects.push(path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#objects[Symbol.asyncDispose]()
    await this.#git[Symbol.asyncDispose]()
  }
}

/** In a repository's shadow, references are found only where each is a file, or is packed. */
function otherReferences(folder: string, format: string): string {
  return (
    `the repository of ${folder} keeps its references as ${format}, which grove does not read: ` +
    'contribute the files themselves, or `git refs migrate --ref-format=files`'
  )
}

/** The folders that are directories of groves: they end in `/`, or are ''. */
function grovesAmong(paths: ReadonlySet<string>): string[] {
  const folders = [...paths].flatMap((path) => /^(|.*\/)grove\.db$/s.exec(path)?.[1] ?? [])
  const isGrove = (folder: string) =>
    paths.has(`${folder}lock.db`) || [...paths].some((path) => path.startsWith(`${folder}blobs/`))
  return folders.filter(isGrove)
}

function nothingDiffers(base: string, untracked: number): string {
  const others =
    untracked === 0 ? '' : ` (${untracked} untracked files are not looked at: \`git add\` them)`
  return `nothing differs from ${base}, so there is no patch to contribute${others}`
}
