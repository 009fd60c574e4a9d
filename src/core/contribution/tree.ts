import { isJsonObject, type Json, type JsonObject } from '../canonical.ts'
import type { Cid } from '../cid.ts'
import { isName, pathOf, unstorable } from './names.ts'
import { INDEX_NAME, PACK_FORM } from './pack.ts'
import type { Manifest } from './schema.ts'

/** The files of a contribution, as its manifest tells them (PROTOCOL.md#paths). */

/** A file or symbolic link of a contribution. */
export type TreeFile = {
  readonly path: string
  /** The artifact's name in the manifest; a link has no artifact, but a name of the same form. */
  readonly name: string
} & (
  | { readonly hash: Cid; readonly executable?: true }
  | { readonly symlink: string; readonly hash?: never }
)

/** The files of a contribution by their paths, sorted by name. */
export interface Tree {
  readonly files: readonly TreeFile[]
  /**
   * The names that can't all be files of one directory. If there are any, each file's path is its
   * name, changed where that is needed to store all of them.
   */
  readonly conflicts: readonly string[]
}

/** The longest target of a symbolic link, in characters. */
const SYMLINK_MAX_CHARS = 4_096

type Tellings = Pick<Manifest, 'artifacts' | 'context'>
type Entry = TreeFile extends infer F ? (F extends TreeFile ? Omit<F, 'path'> : never) : never

/** The tree of a manifest, whatever its author wrote. O(n log n) in the names. */
export function treeOf(manifest: Tellings): Tree {
  const entries = entriesOf(manifest)
  const files = entries.map((entry) => ({ ...entry, path: pathOf(entry.name) }) as TreeFile)
  const conflicts = conflictsAmong(files)
  if (conflicts.length === 0) return { files, conflicts }
  const folders = foldersOf(entries.map(({ name }) => name))
  const apart = entries.map((entry) => ({ ...entry, path: rawPath(entry.name, folders) }))
  return { files: apart as TreeFile[], conflicts }
}

/**
 * The names of those files that one directory can't hold beside the others, or that no file system
 * can store.
 */
export function conflictsAmong(files: readonly Pick<TreeFile, 'name' | 'path'>[]): string[] {
  const folders = foldersOf(files.map(({ path }) => path))
  const paths = new Set<string>()
  return files
    .filter(({ path }) => {
      const isTwice = paths.has(path)
      paths.add(path)
      return isTwice || folders.has(path) || unstorable(path) !== undefined
    })
    .map(({ name }) => name)
}

/** The member of `context.grove` with this name: what Grove itself notes of a contribution. */
function noteIn({ context }: Pick<Manifest, 'context'>, name: string): Json | undefined {
  return ownMember(ownMember(context, 'grove'), name)
}

/** Whether the files of a contribution are in a pack (PROTOCOL.md#packs), as far as it says. */
export function isPack(manifest: Tellings): boolean {
  return noteIn(manifest, 'pack') === PACK_FORM && Object.hasOwn(manifest.artifacts, INDEX_NAME)
}

/** A context with these members in its `grove`, beside those that are there. */
export function withNotes(context: JsonObject | undefined, notes: JsonObject): JsonObject {
  const there = ownMember(context, 'grove')
  return { ...context, grove: { ...(isJsonObject(there) ? there : {}), ...notes } }
}

/** A context without this member in its `grove`. */
export function withoutNote(context: JsonObject | undefined, name: string): JsonObject | undefined {
  const there = ownMember(context, 'grove')
  if (context === undefined || !isJsonObject(there) || !Object.hasOwn(there, name)) return context
  const { [name]: _, ...notes } = there
  return { ...context, grove: notes }
}

function entriesOf(manifest: Tellings): Entry[] {
  const notes = noteIn(manifest, 'files')
  const entries: Entry[] = Object.entries(manifest.artifacts).map(([name, hash]) => {
    const isExecutable = ownMember(ownMember(notes, name), 'mode') === '755'
    return isExecutable ? { name, hash, executable: true } : { name, hash }
  })
  for (const name of isJsonObject(notes) ? Object.keys(notes) : []) {
    const symlink = ownMember(ownMember(notes, name), 'symlink')
    const isFree = isName(name) && !Object.hasOwn(manifest.artifacts, name)
    if (isFree && isLinkTarget(symlink)) entries.push({ name, symlink })
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether a symbolic link can have this target. */
export function isLinkTarget(value: unknown): value is string {
  if (typeof value !== 'string' || value === '' || value.length > SYMLINK_MAX_CHARS) return false
  return value.isWellFormed() && !value.includes('\0')
}

function foldersOf(paths: readonly string[]): Set<string> {
  const folders = new Set<string>()
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  return folders
}

/**
 * A path for a name among conflicting ones. What is changed gets a `~`, which no name holds: so no
 * two names get the same path.
 */
function rawPath(name: string, folders: ReadonlySet<string>): string {
  const parts = name.split('/').map((part) => {
    if (part === '.') return '~dot'
    return unstorable(part) === undefined ? part : `${part.slice(0, 128)}~long/${part.slice(128)}`
  })
  return parts.join('/') + (folders.has(name) ? '~file' : '')
}

function ownMember(value: unknown, name: string): Json | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}
