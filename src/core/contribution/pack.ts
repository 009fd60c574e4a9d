import { type Cid, hashBytes } from '../cid.ts'
import { escapeText } from './names.ts'

/**
 * A pack: more files than a manifest can name, as an index and parts that hold the contents of many
 * small files each (PROTOCOL.md#packs). Equal trees give equal bytes.
 */

/** The form of packs, as the index and the manifest name it. */
export const PACK_FORM = 'grove-pack/1'
/** The artifact that lists the files of a pack. */
export const INDEX_NAME = 'tree.index'
/** Files and links of one pack. */
export const PACK_MAX_FILES = 500_000
/** Bytes of one index. */
export const INDEX_MAX_BYTES = 64 * 1024 * 1024
/** Parts of one pack. */
export const PARTS_MAX = 400
/** Files of one pack that have an artifact of their own. */
export const OWN_MAX = 500
/** From this size on a file has an artifact of its own, unless there are too many of them. */
export const OWN_MIN_BYTES = 256 * 1024
/** Parts hold about this much each, or more where there would be more than PARTS_USUAL. */
const PART_BYTES = 1024 * 1024
/** About how many parts a large pack has. */
const PARTS_USUAL = 256

/** A file or symbolic link to pack, under the name of its path. */
export type PackFile = { readonly name: string } & (
  | { readonly hash: Cid; readonly sizeBytes: number; readonly executable?: boolean }
  | { readonly symlink: string; readonly hash?: never }
)

/** A file of a pack that is no link. */
export type PackedFile = Extract<PackFile, { hash: Cid }>

/** What a pack is made of. Of files with equal contents the first stands for all. */
export interface PackPlan {
  readonly index: Uint8Array
  /** Each part is the contents of these files, one after the other. */
  readonly parts: readonly (readonly PackedFile[])[]
  /** Files with an artifact of their own. */
  readonly own: readonly PackedFile[]
}

/** The name of a part as an artifact. */
export const partName = (number: number): string => `part.${number}`
/** The name of the artifact that is one file's content. */
export const ownName = (hash: Cid): string => `file.${digitsOf(hash)}`

const digitsOf = (hash: Cid) => hash.slice('blake3:'.length)

/** What an index is sorted by: a folder's files follow each other, whatever is named like it. */
export const sortKey = (name: string): string => name.replaceAll('/', '\0')

/** Plans the pack of these files. Their names must be the names of distinct paths. */
export function planPack(files: readonly PackFile[]): PackPlan {
  const sorted = files
    .map((file) => ({ file, key: sortKey(file.name) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ file }) => file)
  const contents = distinct(sorted)
  const ownMinBytes = leastOwn(contents)
  const own = contents.filter(({ sizeBytes }) => sizeBytes >= ownMinBytes)
  const parts = partsOf(contents.filter(({ sizeBytes }) => sizeBytes < ownMinBytes))
  const head = [PACK_FORM, sorted.length, ...parts.map((part) => part.length)].join(' ')
  const ownHashes = new Set(own.map(({ hash }) => hash))
  const lines = sorted.map((file) => lineOf(file, ownHashes))
  return { index: Buffer.from(`${[head, ...lines].join('\n')}\n`), parts, own }
}

/** The first file of each content. */
function distinct(files: readonly PackFile[]): PackedFile[] {
  const contents = new Map<Cid, PackedFile>()
  for (const file of files)
    if (file.hash !== undefined && !contents.has(file.hash)) contents.set(file.hash, file)
  return [...contents.values()]
}

/** The size from which on files have artifacts of their own, so that they are at most OWN_MAX. */
function leastOwn(contents: readonly PackedFile[]): number {
  let least = OWN_MIN_BYTES
  while (contents.filter(({ sizeBytes }) => sizeBytes >= least).length > OWN_MAX) least *= 2
  return least
}

/**
 * Cuts contents into parts before files whose name's hash ends in enough zero bits: where the cuts
 * are follows from names, so that a changed file changes one part.
 */
function partsOf(contents: readonly PackedFile[]): PackedFile[][] {
  if (contents.length === 0) return []
  const bytes = contents.reduce((total, { sizeBytes }) => total + sizeBytes, 0)
  const expected = Math.min(PARTS_USUAL, Math.max(1, bytes / PART_BYTES))
  const zeros = contents.map(({ name }) => trailingZeros(hashBytes(Buffer.from(name))))
  let bits = Math.max(0, Math.ceil(Math.log2(contents.length / expected)))
  while (zeros.slice(1).filter((count) => count >= bits).length >= PARTS_MAX) bits++
  const parts: PackedFile[][] = [[]]
  for (const [at, content] of contents.entries()) {
    if (at > 0 && (zeros[at] ?? 0) >= bits) parts.push([])
    parts.at(-1)?.push(content)
  }
  return parts
}

/** Zero bits at the end of a hash, at most 31. */
function trailingZeros(hash: Cid): number {
  const last = Number.parseInt(hash.slice(-8), 16)
  return last === 0 ? 31 : 31 - Math.clz32(last & -last)
}

function lineOf(file: PackFile, own: ReadonlySet<Cid>): string {
  if (file.hash === undefined) return `120000 ${file.name} -> ${escapeText(file.symlink)}`
  const mode = file.executable === true ? '100755' : '100644'
  const content = own.has(file.hash) ? ownName(file.hash) : digitsOf(file.hash)
  return `${mode} ${file.sizeBytes} ${content} ${file.name}`
}
