import { type Cid, shortCid } from '../../core/cid.ts'
import type { ContributionView, RelationType } from '../../core/contribution/schema.ts'
import { isPack, type TreeFile, treeOf } from '../../core/contribution/tree.ts'
import { GroveError } from '../../core/errors.ts'
import type { FetchResult } from '../../core/wire/fetch.ts'
import type { FileEntry } from '../../core/wire/files.ts'
import type { OpenFile, WorkspaceOptions } from '../../workspace/file.ts'
import { type Trust, type Withheld, withoutTrust } from '../../workspace/foreign.ts'
import { othersIn } from '../../workspace/others.ts'
import { refuseExpansion, requireRoom } from '../../workspace/room.ts'
import { writeWorkspace } from '../../workspace/workspace.ts'
import type { GroveApi } from './api.ts'
import { allFiles, chosenFiles, incomplete } from './files.ts'
import { PackedFiles } from './packed-files.ts'

/** A file or link of a checkout. */
export type CheckoutFile = TreeFile & { readonly sizeBytes: number }

/** What a checkout wrote. */
export interface CheckoutResult {
  readonly cid: Cid
  readonly directory: string
  readonly files: readonly CheckoutFile[]
  /** What was not written of foreign work, since that is not trusted. */
  readonly withheld: readonly Withheld[]
  /** Names that one directory can't hold: the files were written by their names as they are. */
  readonly conflicts: readonly string[]
  /** What else lies in a directory that was overwritten, unless only some files were chosen. */
  readonly others: readonly string[]
}

export interface CheckoutOptions extends Omit<WorkspaceOptions, 'refuseLayouts'> {
  /** Only these files, by path, artifact name or folder. Default: all. */
  readonly artifacts?: readonly string[]
  /** What is written of foreign work beyond its plain files. Own work is trusted. Default: none. */
  readonly trust?: Trust
  /** Called with all files, when the grove has them and before the first is written. */
  readonly onFiles?: (files: readonly CheckoutFile[]) => void
}

/**
 * Writes a contribution's files into a local directory; the grove first fetches what it lacks. Work
 * is foreign unless it was published on this machine and the grove is reached without a network.
 * Throws what `writeWorkspace` throws, the errors of a fetch, `fetch-incomplete` if an artifact
 * can't be found, `refused` for foreign work that would make a git repository or repeats itself to
 * fill the disk, `pack-invalid`, and `not-found` if there is nothing to write.
 */
export async function checkoutInto(
  grove: GroveApi,
  cid: Cid,
  directory: string,
  { artifacts: chosen, trust = 'none', onFiles, ...options }: CheckoutOptions = {},
): Promise<CheckoutResult> {
  const { fetched, files: all } = await fetchFiles(grove, cid, chosen, options.signal)
  const { contribution } = fetched
  const isForeign = !(grove.isLocal && fetched.source.own === true)
  const { files, withheld } = withoutTrust(all, isForeign ? trust : 'all')
  if (files.length === 0) throw nothingToWrite(contribution, withheld)
  onFiles?.(files)
  const refuseLayouts = isForeign && trust !== 'all'
  if (refuseLayouts) refuseExpansion(files)
  await requireRoom(directory, files)
  const source = await sourceOf(grove, contribution, files, options.signal)
  await writeWorkspace(directory, source.files, source.read, { ...options, refuseLayouts })
  const conflicts = isPack(contribution) ? [] : treeOf(contribution).conflicts
  const isWhole = options.overwrite === true && chosen === undefined
  const paths = all.map(({ path }) => path)
  const others = isWhole ? await othersIn(directory, paths) : []
  return { cid, directory, files, withheld, conflicts, others }
}

/** How the files are read, and in which order they should be. */
async function sourceOf(
  grove: GroveApi,
  contribution: ContributionView,
  files: readonly CheckoutFile[],
  signal: AbortSignal | undefined,
): Promise<{ readonly read: OpenFile; readonly files: readonly CheckoutFile[] }> {
  if (!isPack(contribution))
    return {
      files,
      read: async ({ hash }, until) => (await grove.blob({ hash }, { signal: until })).body,
    }
  const paths = files.map(({ path }) => path)
  const packed = await PackedFiles.open(grove, contribution, paths, signal)
  return { files: packed.sorted(files), read: (file, until) => packed.read(file, until) }
}

interface Fetched {
  readonly fetched: FetchResult
  readonly files: readonly CheckoutFile[]
}

/** The chosen files, all of which the grove now holds. */
async function fetchFiles(
  grove: GroveApi,
  cid: Cid,
  chosen: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<Fetched> {
  const call = signal && { signal }
  const ask = async (artifacts: 'all' | 'none' | string[]) => {
    const fetched = await grove.fetchContribution({ cid, ancestors: 0, artifacts }, call)
    if (fetched.missing.length > 0) throw incomplete(fetched)
    return fetched
  }
  if (chosen === undefined) {
    const fetched = await ask('all')
    return { fetched, files: (await allFiles(grove, cid, call)).map(checkoutFile) }
  }
  const found = await chosenFiles(grove, cid, chosen, call)
  const fetched = await ask(found.artifacts.length === 0 ? 'none' : [...found.artifacts])
  const paths = new Set(found.files.map(({ path }) => path))
  const files = (await allFiles(grove, cid, call)).filter(({ path }) => paths.has(path))
  return { fetched, files: files.map(checkoutFile) }
}

function checkoutFile({ path, name, hash, mode, symlink, sizeBytes = 0 }: FileEntry): CheckoutFile {
  if (hash === undefined) return { path, name, symlink: symlink ?? '', sizeBytes: 0 }
  return {
    path,
    name,
    hash,
    sizeBytes,
    ...(mode === undefined ? {} : { executable: true as const }),
  }
}

const verbs: Readonly<Record<RelationType, string>> = {
  derives_from: 'derives from',
  responds_to: 'responds to',
  reviews: 'reviews',
  reproduces: 'reproduces',
  adopts: 'adopts',
}

function nothingToWrite(
  { cid, kind, relations }: ContributionView,
  withheld: readonly Withheld[],
): GroveError {
  const about = relations.find(({ relationType }) => relationType !== 'derives_from')
  const instead =
    about === undefined
      ? ''
      : `: check out what it ${verbs[about.relationType]}, ${shortCid(about.targetCid)}`
  const message =
    withheld.length > 0
      ? `all files of ${shortCid(cid)} are hidden or links, and it is foreign: ` +
        'the option trust writes them'
      : `${shortCid(cid)} (${kind}) has no files${instead}`
  const details = { cid, kind, ...(about && { targetCid: about.targetCid }) }
  return new GroveError('not-found', details, { message })
}
