import type { Cid } from '../../core/cid.ts'
import type { Contribution } from '../../core/contribution/contribution.ts'
import { nameOf } from '../../core/contribution/names.ts'
import { ownName, partName } from '../../core/contribution/pack.ts'
import type { PackEntry } from '../../core/contribution/pack-index.ts'
import { type TreeFile, treeOf } from '../../core/contribution/tree.ts'
import { GroveError } from '../../core/errors.ts'
import type { FileEntry, FileList } from '../../core/wire/files.ts'
import type { BlobInfo, ByteRange } from '../../ports/blob-store.ts'
import type { Page } from '../../ports/graph-index.ts'
import type { ReadContext } from '../context.ts'
import { type HeldPack, packOf, readPacked } from './packs.ts'
import { contributionOf } from './queries.ts'

/** About how many characters of paths, names and targets one page of a list has. */
const PAGE_MAX_CHARS = 512 * 1024

/** A file that can be read, whole or in part. */
export interface OpenedFile extends BlobInfo {
  open(options: { range?: ByteRange; signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>>
}

/**
 * The files of a held contribution, from a position on, sorted by name. A page may have fewer than
 * its limit. Throws `not-found`, `blob-missing` and `pack-invalid` for the index of a pack.
 */
export async function listFiles(node: ReadContext, cid: Cid, page: Page): Promise<FileList> {
  const contribution = await contributionOf(node, cid)
  const pack = await packOf(node, contribution)
  if (pack !== undefined) return packedFiles(node, pack, page)
  const { files, conflicts } = treeOf(contribution.manifest)
  const sizes = await sizesOf(node, files)
  const entries = files.map((file) => plainEntry(file, sizes))
  const bytes = entries.map((entry) => (entry.symlink === undefined ? entry.sizeBytes : 0))
  const isKnown = bytes.every((each) => each !== undefined)
  const shown = onePage(page, entries.length, (at) => entries[at])
  return {
    ...shown,
    ...(isKnown ? { totalBytes: bytes.reduce((total, each) => total + (each ?? 0), 0) } : {}),
    isPack: false,
    conflicts: [...conflicts],
  }
}

/**
 * A file of a held contribution by its path, whatever form it was published in. Throws `not-found`
 * (also for a link), `blob-missing`, `pack-invalid`.
 */
export async function fileOf(node: ReadContext, cid: Cid, path: string): Promise<OpenedFile> {
  const contribution = await contributionOf(node, cid)
  const pack = await packOf(node, contribution)
  if (pack !== undefined) return packedFile(node, contribution, pack, path)
  const file = treeOf(contribution.manifest).files.find((each) => each.path === path)
  const hash = hashIn(cid, path, file)
  const info = await node.blobs.stat(hash)
  if (info === undefined) throw missing(cid, path, hash)
  return { ...info, open: (options) => node.blobs.get(hash, options) }
}

async function packedFiles(node: ReadContext, pack: HeldPack, page: Page): Promise<FileList> {
  const { index } = pack
  const lost = new Set(await node.blobs.missing([...pack.parts, ...index.own]))
  const shown = onePage(page, index.count, (at) => packedEntry(index.entry(at), pack, lost))
  return { ...shown, totalBytes: index.totalBytes, isPack: true, conflicts: [] }
}

function packedEntry(entry: PackEntry, pack: HeldPack, lost: ReadonlySet<Cid>): FileEntry {
  const { path, name } = entry
  if (entry.hash === undefined) return { path, name, symlink: entry.symlink, state: 'here' }
  const { hash, sizeBytes, executable, place } = entry
  const blob = place.part === undefined ? hash : pack.parts[place.part]
  return {
    path,
    name,
    hash,
    artifact: place.part === undefined ? ownName(hash) : partName(place.part),
    sizeBytes,
    ...(executable ? { mode: '755' as const } : {}),
    state: blob !== undefined && lost.has(blob) ? 'missing' : 'here',
  }
}

async function packedFile(
  node: ReadContext,
  { cid }: Contribution,
  pack: HeldPack,
  path: string,
): Promise<OpenedFile> {
  const entry = pack.index.find(nameOf(path))
  const hash = hashIn(cid, path, entry?.path === path ? entry : undefined)
  if (entry?.hash === undefined) throw notFound(cid, path)
  const { place, sizeBytes } = entry
  const blob = place.part === undefined ? hash : pack.parts[place.part]
  const info = blob === undefined ? undefined : await node.blobs.stat(blob)
  if (blob === undefined || info === undefined) throw missing(cid, path, blob ?? hash)
  return { hash, sizeBytes, open: (options) => readPacked(node, entry, info, options) }
}

async function sizesOf(
  node: ReadContext,
  files: readonly TreeFile[],
): Promise<ReadonlyMap<Cid, number>> {
  const hashes = [...new Set(files.flatMap(({ hash }) => hash ?? []))]
  const infos = await Promise.all(hashes.map((hash) => node.blobs.stat(hash)))
  return new Map(infos.flatMap((info) => (info ? [[info.hash, info.sizeBytes] as const] : [])))
}

function plainEntry(file: TreeFile, sizes: ReadonlyMap<Cid, number>): FileEntry {
  const { path, name } = file
  if (file.hash === undefined) return { path, name, symlink: file.symlink, state: 'here' }
  const sizeBytes = sizes.get(file.hash)
  return {
    path,
    name,
    hash: file.hash,
    artifact: name,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(file.executable === true ? { mode: '755' as const } : {}),
    state: sizeBytes === undefined ? 'missing' : 'here',
  }
}

/** The entries of one page, ended early where their texts are long. */
function onePage(
  { limit, offset }: Page,
  total: number,
  entry: (at: number) => FileEntry | undefined,
): Pick<FileList, 'files' | 'total' | 'next'> {
  const files: FileEntry[] = []
  let chars = 0
  let at = offset
  for (; at < total && files.length < limit && chars < PAGE_MAX_CHARS; at++) {
    const found = entry(at)
    if (found === undefined) break
    files.push(found)
    chars += found.path.length + found.name.length + (found.symlink?.length ?? 0)
  }
  return { files, total, ...(at < total ? { next: at } : {}) }
}

function hashIn(
  cid: Cid,
  path: string,
  found: { readonly hash?: Cid; readonly symlink?: string } | undefined,
): Cid {
  if (found?.hash !== undefined) return found.hash
  if (found?.symlink === undefined) throw notFound(cid, path)
  const message = `'${path}' in ${cid} is a symbolic link to '${found.symlink}'`
  throw new GroveError('not-found', { cid, path, symlink: found.symlink }, { message })
}

function notFound(cid: Cid, path: string): GroveError {
  const message = `there is no file '${path}' in ${cid}`
  return new GroveError('not-found', { cid, path }, { message })
}

function missing(cid: Cid, path: string, hash: Cid): GroveError {
  const message = `'${path}' of ${cid} is missing: fetch the contribution to complete it`
  return new GroveError('blob-missing', { cid, path, hash }, { message })
}
