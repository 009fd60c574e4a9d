import type { JsonObject } from '../../core/canonical.ts'
import { type Cid, CidHasher, hashBytes } from '../../core/cid.ts'
import { isName, isPath, nameOf } from '../../core/contribution/names.ts'
import {
  INDEX_MAX_BYTES,
  INDEX_NAME,
  ownName,
  PACK_FORM,
  PACK_MAX_FILES,
  type PackedFile,
  type PackFile,
  partName,
  planPack,
} from '../../core/contribution/pack.ts'
import type { ContributionView, Draft } from '../../core/contribution/schema.ts'
import {
  conflictsAmong,
  isLinkTarget,
  withNotes,
  withoutNote,
} from '../../core/contribution/tree.ts'
import { GroveError } from '../../core/errors.ts'
import { ARTIFACTS_MAX } from '../../core/limits.ts'
import type { GroveApi } from './api.ts'
import { checkDraft, type Hashed, type StageOptions, sendMissing } from './stage.ts'
import { type LinkSource, type ReadFile, readSources, type TreeSource } from './tree-source.ts'

/** A tree with more bytes of names and notes than this in its manifest is published as a pack. */
const TREE_MAX_BYTES = 512 * 1024
/** Parts are sent in pieces of at least this size. */
const CHUNK_BYTES = 64 * 1024
/** About what a manifest holds for an artifact beside its name. */
const ARTIFACT_BYTES = 80

/** A tree whose files the grove holds: what is left is to publish it. */
export interface StagedTree {
  readonly artifacts: Readonly<Record<string, Cid>>
  /** What `context.grove` says of it. */
  readonly notes: JsonObject
  readonly isPack: boolean
  /** Regular files, and links. */
  readonly files: number
  readonly totalBytes: number
  /** Files that are pointers of Git LFS, by their paths. */
  readonly pointers: readonly string[]
  /** Links that are left out: their targets are absolute, or no text. */
  readonly leftOut: readonly string[]
}

/**
 * Stores the files of a tree, as artifacts or as a pack (PROTOCOL.md#packs). Throws `usage-error`
 * naming all files that one directory can't hold, `hash-mismatch` for a file that changes
 * meanwhile, `storage-full`, and what a source throws.
 */
export async function stageTree(
  grove: GroveApi,
  sources: readonly TreeSource[],
  options: Omit<StageOptions, 'skipHeld'> = {},
): Promise<StagedTree> {
  const links = sources.filter((source) => source.symlink !== undefined)
  const isKept = ({ symlink }: LinkSource) => isLinkTarget(symlink) && !symlink.startsWith('/')
  const kept = links.filter(isKept)
  const regular = sources.filter((source) => source.symlink === undefined)
  checkPaths([...regular, ...kept])
  const files = await readSources(regular, options)
  const isPack = needsPack(files, kept)
  const tree = isPack ? packOf(files, kept) : plainOf(files, kept)
  await sendMissing(grove, await tree.uploads(), options)
  return {
    artifacts: Object.fromEntries(tree.artifacts()),
    notes: tree.notes,
    isPack,
    files: files.length + kept.length,
    totalBytes: files.reduce((total, { sizeBytes }) => total + sizeBytes, 0),
    pointers: files.filter(({ isPointer }) => isPointer).map(({ source }) => source.path),
    leftOut: links.filter((link) => !isKept(link)).map(({ path }) => path),
  }
}

/**
 * The draft with a staged tree in it. Throws `usage-error` if it names artifacts that a pack leaves
 * no room for, or that the tree has too.
 */
export function withTree(draft: Draft, tree: StagedTree): Draft {
  const { artifacts, notes, isPack, files } = tree
  const named = Object.keys(draft.artifacts ?? {})
  if (isPack && named.length > 0)
    throw usage('more files than a manifest can name leave no room for further artifacts')
  const twice = named.filter((name) => Object.hasOwn(artifacts, name))
  if (twice.length > 0) throw usage(`two artifacts would be named ${listed(twice)}`)
  // With files of its own, what its context says of a pack is another tree's.
  const context = files === 0 ? draft.context : withoutNote(draft.context, 'pack')
  const isNoted = Object.keys(notes).length > 0
  return {
    ...draft,
    ...(context === undefined ? {} : { context }),
    ...(isNoted ? { context: withNotes(context, notes) } : {}),
    artifacts: { ...draft.artifacts, ...artifacts },
  }
}

/**
 * Stores the files, then publishes the draft with them. A draft that is refused sends none. Throws
 * what either step throws.
 */
export async function publishTree(
  grove: GroveApi,
  draft: Draft,
  sources: readonly TreeSource[],
  { insist = false, ...options }: Omit<StageOptions, 'skipHeld'> & { insist?: boolean } = {},
): Promise<ContributionView> {
  const { signal } = options
  const call = { insist, ...(signal && { signal }) }
  if (sources.length > 0) await checkDraft(grove, draft, call)
  const staged = await stageTree(grove, sources, options)
  return grove.publish(withTree(draft, staged), call)
}

function checkPaths(sources: readonly TreeSource[]): void {
  const paths = sources.map(({ path }) => path)
  const bad = paths.filter((path) => !isPath(path))
  if (bad.length > 0) throw usage(`these are no relative paths: ${listed(bad)}`)
  const conflicts = new Set(conflictsAmong(paths.map((path) => ({ path, name: path }))))
  if (conflicts.size === 0) return
  throw usage(
    `one directory can't hold these files beside the others: ${listed([...conflicts])}: ` +
      'contribute their common directory, or rename them',
  )
}

function needsPack(files: readonly ReadFile[], links: readonly LinkSource[]): boolean {
  if (files.length > ARTIFACTS_MAX) return true
  const names = [...files.map(({ source }) => source), ...links].map(({ path }) => nameOf(path))
  if (!names.every(isName)) return true
  const notes = JSON.stringify(notesOf(files, links)).length
  const bytes = names.reduce((total, name) => total + name.length + ARTIFACT_BYTES, notes)
  return bytes > TREE_MAX_BYTES
}

/** What a tree becomes: blobs to store, artifacts that name them, and notes. */
interface Shape {
  uploads(): Promise<readonly Hashed[]>
  /** After the uploads. */
  artifacts(): readonly (readonly [string, Cid])[]
  readonly notes: JsonObject
}

function plainOf(files: readonly ReadFile[], links: readonly LinkSource[]): Shape {
  return {
    uploads: async () => files,
    artifacts: () => files.map(({ source, hash }) => [nameOf(source.path), hash] as const),
    notes: notesOf(files, links),
  }
}

function notesOf(files: readonly ReadFile[], links: readonly LinkSource[]): JsonObject {
  const notes: [string, JsonObject][] = [
    ...files
      .filter(({ source }) => source.executable === true)
      .map(({ source }): [string, JsonObject] => [nameOf(source.path), { mode: '755' }]),
    ...links.map(({ path, symlink }): [string, JsonObject] => [nameOf(path), { symlink }]),
  ]
  return notes.length === 0 ? {} : { files: Object.fromEntries(notes) }
}

function packOf(files: readonly ReadFile[], links: readonly LinkSource[]): Shape {
  const byName = new Map(files.map((file) => [nameOf(file.source.path), file]))
  const packed: PackFile[] = [...byName].map(([name, { hash, sizeBytes, source }]) => ({
    name,
    hash,
    sizeBytes,
    executable: source.executable === true,
  }))
  for (const { path, symlink } of links) packed.push({ name: nameOf(path), symlink })
  const plan = planPack(packed)
  if (packed.length > PACK_MAX_FILES || plan.index.byteLength > INDEX_MAX_BYTES)
    throw usage(
      `${packed.length} files are too many: a pack has at most ${PACK_MAX_FILES}, and a list of ` +
        `at most ${INDEX_MAX_BYTES} bytes; contribute a smaller directory, or an archive of it`,
    )
  const readOf = ({ name }: PackedFile) => byName.get(name)?.file.open() ?? new Uint8Array()
  const named = new Map<string, Hashed>()
  return {
    async uploads() {
      const add = (name: string, { hash, sizeBytes, file }: Hashed, label: string) =>
        named.set(name, { hash, sizeBytes, file: { name, label, open: file.open } })
      for (const file of plan.own) {
        const read = byName.get(file.name)
        if (read !== undefined) add(ownName(file.hash), read, read.source.path)
      }
      for (const [number, part] of plan.parts.entries()) {
        const open = () => joined(part.map((file) => () => readOf(file)))
        const name = partName(number)
        const hash = await hashOf(open())
        const label = `small files, part ${number + 1} of ${plan.parts.length}`
        add(name, { file: { name, open }, hash, sizeBytes: sizeOf(part) }, label)
      }
      const { index } = plan
      const file = { name: INDEX_NAME, open: () => index }
      add(
        INDEX_NAME,
        { file, hash: hashBytes(index), sizeBytes: index.byteLength },
        'the list of files',
      )
      return [...named.values()]
    },
    artifacts: () => [...named].map(([name, { hash }]) => [name, hash] as const),
    notes: { pack: PACK_FORM },
  }
}

const sizeOf = (part: readonly PackedFile[]) =>
  part.reduce((total, { sizeBytes }) => total + sizeBytes, 0)

/** The sources one after the other, small ones gathered. */
async function* joined(
  opens: readonly (() => Uint8Array | AsyncIterable<Uint8Array>)[],
): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  for (const open of opens) {
    const source = open()
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      gathered.push(chunk)
      gatheredBytes += chunk.byteLength
      if (gatheredBytes < CHUNK_BYTES) continue
      yield Buffer.concat(gathered)
      gathered = []
      gatheredBytes = 0
    }
  }
  if (gatheredBytes > 0) yield Buffer.concat(gathered)
}

async function hashOf(source: AsyncIterable<Uint8Array>): Promise<Cid> {
  const hasher = new CidHasher()
  for await (const chunk of source) hasher.update(chunk)
  return hasher.digest()
}

function listed(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}

function usage(message: string): GroveError {
  return new GroveError('usage-error', {}, { message })
}
